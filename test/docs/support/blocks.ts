import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../../..');

const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md') && name !== 'reference.md');

/** The pages for users, by path, but for the one that is generated. */
export const pages: readonly string[] = ['README.md', ...docs.map((name) => `docs/${name}`), 'deploy/README.md'];

/** A command of a block and the output that the page shows for it. */
export interface Step {
  /** As typed, without its comment. */
  readonly command: string;
  /** Lines as on a screen; empty if the page shows none. */
  readonly output: string;
}

/** A fenced block of a page, and what the marker above it says: `<!-- docs: in regions; varies time id; exit 1 -->`. */
export interface Block {
  /** `PAGE:LINE` of its first fence. */
  readonly place: string;
  readonly language: string;
  readonly text: string;
  /** The world in which it runs; null: that of the block before it. */
  readonly world: string | null;
  /** Names of masks: what differs from run to run. */
  readonly varies: readonly string[];
  /** Of its last command. */
  readonly exitCode: number;
  /** What its last command has printed when it gets Ctrl-C; null: what the page shows. */
  readonly until: string | null;
  /** True if it is run in `npm run test:exhaustive` only. */
  readonly isSlow: boolean;
  /** Why it is not run; null if it is. */
  readonly notRun: string | null;
}

const markerPattern = /^\s*<!-- docs: (.*) -->$/;
const notRunPattern = /^not run: (.+)$/;

type Rules = Omit<Block, 'place' | 'language' | 'text'>;

/** Reads a marker. Throws if it has a word without a meaning. */
function readMarker(text: string, place: string): Rules {
  const marker: Rules = { world: null, varies: [], exitCode: 0, until: null, isSlow: false, notRun: null };
  if (text === '') return marker;
  const reason = notRunPattern.exec(text)?.[1];
  if (reason !== undefined) return { ...marker, notRun: reason };
  return text.split('; ').reduce<Rules>((read, rule) => {
    const [name, ...values] = rule.split(' ');
    if (name === 'in' && values.length === 1) return { ...read, world: values[0]! };
    if (name === 'varies' && values.length > 0) return { ...read, varies: values };
    if (name === 'exit' && values.length === 1) return { ...read, exitCode: Number(values[0]) };
    if (name === 'until' && values.length > 0) return { ...read, until: values.join(' ') };
    if (rule === 'slow') return { ...read, isSlow: true };
    throw new Error(`${place}: the marker has no rule "${rule}"`);
  }, marker);
}

/** Programs that change more than a world, or need more: a block with one of them is not run. */
const outside =
  /^(?:\$ )?(?:\w+=\S+ )*(aws|docker|journalctl|kubectl|npm|npx|redis-cli|redis-server|sudo|systemctl|terraform)\b/m;

/** Why a block without a reason of its own is not run; null if it is. */
function outsideReason(language: string, text: string): string | null {
  const program = language === 'console' || language === 'sh' ? outside.exec(text)?.[1] : undefined;
  return program === undefined ? null : `it needs ${program}`;
}

/** The fenced blocks of a text. `page` names it in places. Throws for a fence that is not closed. */
export function blocksIn(text: string, page: string): readonly Block[] {
  const pageReason = /^<!-- docs: page not run: (.+) -->$/m.exec(text)?.[1] ?? null;
  const lines = text.split('\n');
  const blocks: Block[] = [];
  let first = -1;
  lines.forEach((line, index) => {
    if (!/^\s*```/.test(line)) return;
    if (first < 0) {
      first = index;
      return;
    }
    const place = `${page}:${first + 1}`;
    const [, indent = '', language = ''] = /^(\s*)```(.*)$/.exec(lines[first]!) ?? [];
    const above = lines.slice(0, first).findLast((each) => each.trim() !== '') ?? '';
    const marker = readMarker(markerPattern.exec(above)?.[1] ?? '', place);
    const content = lines.slice(first + 1, index).map((each) => each.slice(indent.length));
    const block = { place, language, text: content.join('\n') };
    blocks.push({ ...block, ...marker, notRun: pageReason ?? marker.notRun ?? outsideReason(language, block.text) });
    first = -1;
  });
  if (first >= 0) throw new Error(`${page}:${first + 1}: the block has no end`);
  return blocks;
}

/** The blocks of a page of this repository. */
export function blocksOf(page: string): readonly Block[] {
  return blocksIn(readFileSync(join(root, page), 'utf8'), page);
}

/** A command without its comment: two spaces or more and `#`, or a whole line of comment. */
const withoutComment = (line: string): string => line.replace(/(^|\s{2,})# .*$/, '').trimEnd();

const isOpen = (command: string): boolean =>
  /\\$/.test(command) || (command.replace(/"[^"]*"/g, '').split("'").length - 1) % 2 === 1;

/** The commands of a `console` block, which begin with `$ `, or of an `sh` block, in which every line is one. */
export function stepsOf({ language, text }: Block): readonly Step[] {
  if (/^(if|for|while) /.test(text)) return [{ command: text, output: '' }];
  const steps: { command: string; output: string[] }[] = [];
  for (const line of text.split('\n')) {
    const last = steps.at(-1);
    const typed = language === 'sh' ? line : /^\$ (.*)$/.exec(line)?.[1];
    if (last !== undefined && isOpen(last.command)) last.command += `\n${withoutComment(line)}`;
    else if (typed !== undefined) steps.push({ command: withoutComment(typed), output: [] });
    else last?.output.push(line);
  }
  return steps
    .filter(({ command }) => command !== '')
    .map(({ command, output }) => ({ command, output: output.join('\n').trim() }));
}
