type Rule = readonly [pattern: RegExp, placeholder: string];

/** What differs from run to run, by the name that a marker gives it. They are applied in this order. */
const masks: Readonly<Record<string, readonly Rule[]>> = {
  time: [
    [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?/g, '<time>'],
    [/\b\d\d:\d\d:\d\d\b/g, '<time>'],
  ],
  word: [[/^[a-z\d]{4,12}$/gm, '<word>']],
  address: [[/https?:\/\/[\w.]+(:\d+)?: (DNS|TCP)\b.*(?=HTTP answers)/g, '<address>: ']],
  token: [[/[\w-]{40,}(…|\.[\w-]+)?/g, '<token>']],
  run: [[/\b([bs])-[0-9a-f]{20}\b/g, '$1-<run>']],
  id: [[/\b\d{10}\b/g, '<id>']],
  port: [[/(127\.0\.0\.1|localhost):\d+/g, '$1:<port>']],
  pid: [[/(?<=\bpid )\d+/g, '<pid>']],
  duration: [[/(?<![\w.])(\d+m ?)?\d+(\.\d+)? ?(ms|s|h)\b/g, '<duration>']],
  rate: [[/\b\d+(\.\d+)? (tasks|requests)\b(?=[ /])/g, '<number> $2']],
  number: [[/(?<![\w.-])\d+([.,]\d+)*(?![\w-])/g, '<number>']],
  // The columns of a table are as wide as their widest value.
  width: [
    [/(?<=\S) {2,}/g, '  '],
    [/ +$/gm, ''],
    [/─{2,}/g, '──'],
  ],
};

/** The text with placeholders. Throws for a mask that does not exist. */
export function mask(text: string, names: readonly string[]): string {
  for (const name of names) if (!Object.hasOwn(masks, name)) throw new Error(`there is no mask "${name}"`);
  const rules = Object.entries(masks).flatMap(([name, some]) => (names.includes(name) ? some : []));
  return rules.reduce((rest, [pattern, placeholder]) => rest.replace(pattern, placeholder), text).trim();
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Matches what a page shows: a line `...` stands for any lines, and `…` for any text within a line. */
export function shownPattern(shown: string): RegExp {
  const lines = shown
    .split('\n')
    .map((line) => (/^\s*\.\.\.$/.test(line) ? null : `${escaped(line).replaceAll('…', '.*')}\\n`));
  return new RegExp(`^${lines.map((line) => line ?? '(?:.*\\n)*?').join('')}$`);
}
