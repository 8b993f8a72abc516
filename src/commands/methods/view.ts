import { formatMs } from '../../cli/format.ts';
import { wrapWords } from '../../cli/help.ts';
import { acceptedNames, commonParameters, type Method } from '../../protocol/methods.ts';

/** A row of the table of methods, as `--json` shows it. */
export interface MethodReport {
  readonly method: string;
  /** The row is for tasks with this parameter: `name=value`, or `name` for any value. Null: for all others. */
  readonly when: string | null;
  readonly siteKeyName: string | null;
  readonly required: readonly string[];
  /** Names of which one is enough, by the required name that they replace. */
  readonly alternatives: Readonly<Record<string, readonly string[]>>;
  readonly optional: readonly string[];
  /** `image` or `audio` if the method takes a file. */
  readonly medium: string | null;
  readonly lifetimeMs: number | null;
  readonly singleUse: readonly string[];
}

function whenText({ when }: Method): string | null {
  if (when === null) return null;
  const [name, value] = when;
  return value === null ? name : `${name}=${value}`;
}

/** A row for `--json`. */
export function methodReport(row: Method): MethodReport {
  const { method, siteKeyName, required, optional, medium, lifetimeMs, singleUse } = row;
  const alternatives = Object.fromEntries(
    required.flatMap((name) => {
      const [, ...others] = acceptedNames(name);
      return others.length === 0 ? [] : [[name, others] as const];
    }),
  );
  return {
    ...{ method, when: whenText(row), siteKeyName, required, alternatives },
    ...{ optional: optional.filter((name) => !required.includes(name)), medium, lifetimeMs, singleUse },
  };
}

const lifetimeText = ({ lifetimeMs }: Method): string => (lifetimeMs === null ? 'unlimited' : formatMs(lifetimeMs));

function requiredWords({ required, siteKeyName, medium }: Method): readonly string[] {
  return required.map((name) => {
    const names = acceptedNames(name).join('|');
    if (name === siteKeyName) return `${names}\u00a0(site\u00a0key)`;
    return name === 'file' || name === 'body' || name === 'image' ? `${names}\u00a0(${medium ?? 'image'})` : names;
  });
}

/** Words that belong together are joined by a no-break space until the lines are made. */
const lined = (text: string): string => `${text.replaceAll('\u00a0', ' ').trimEnd()}\n`;

/** Without rows that only the client tells apart: they have the parameters and the lifetime of the general row. */
export function distinctRows(rows: readonly Method[]): readonly Method[] {
  const shown = (row: Method): string => JSON.stringify({ ...methodReport(row), when: null });
  const general = new Set(rows.filter(({ when }) => when === null).map(shown));
  return rows.filter((row) => row.when === null || !general.has(shown(row)));
}

const howToPass =
  'Pass the site key with --sitekey, action with --page-action, the image as a file, further images with --image NAME=FILE, and the rest with --param NAME=VALUE.';

const commonText = (columns: number): string => {
  const wrapping = { columns, indent: 2, end: '' };
  const common = lined(wrapWords('Every method also takes: ', commonParameters, wrapping));
  return common + lined(wrapWords('', howToPass.split(' '), { ...wrapping, indent: 0 }));
};

/** All rows as a table: optional parameters are in brackets, and wrapped like the others. */
export function renderMethods(rows: readonly Method[], columns: number): string {
  const nameWidth = Math.max(...rows.map(({ method }) => method.length)) + 2;
  const lifetimeWidth = 'unlimited'.length + 2;
  const indent = nameWidth + lifetimeWidth;
  const line = (name: string, lifetime: string, words: readonly string[]): string =>
    lined(wrapWords(name.padEnd(nameWidth) + lifetime.padEnd(lifetimeWidth), words, { columns, indent, end: '' }));
  const body = rows.map((row) => {
    const when = whenText(row);
    const { optional } = methodReport(row);
    const words = [
      ...(when === null ? [] : [`if\u00a0${when}:`]),
      ...requiredWords(row),
      ...optional.map((name) => `[${name}]`),
    ];
    return line(row.method, lifetimeText(row), words);
  });
  const head = line('METHOD', 'LIFETIME', ['PARAMETERS', '[optional]']);
  return `${head}${body.join('')}\n${commonText(columns)}`;
}

/** One row in detail. */
export function renderMethod(row: Method, columns: number): string {
  const when = whenText(row);
  const { optional, singleUse } = methodReport(row);
  const parts: readonly (readonly [string, readonly string[]])[] = [
    ['required', requiredWords(row)],
    ['optional', [...optional, ...commonParameters.filter((name) => !row.required.includes(name))]],
    ['lifetime', [lifetimeText(row)]],
    ['used up', singleUse.map((name) => `${name}\u00a0(valid for one submission)`)],
  ];
  const lines = parts
    .filter(([, words]) => words.length > 0)
    .map(([name, words]) => lined(wrapWords(`  ${name.padEnd(10)}`, words, { columns, indent: 12, end: '' })));
  return `${row.method}${when === null ? '' : ` with ${when}`}\n${lines.join('')}`;
}
