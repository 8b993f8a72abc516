import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './running.ts';

/** A block of commands: those of `sh` are executed; those of `console` are repeated until they print what the page says. */
export type Block =
  { readonly type: 'sh'; readonly text: string } | { readonly type: 'console'; readonly shown: readonly Shown[] };

/** A command and the lines that it prints, among others; `…` stands for any text. */
export interface Shown {
  readonly command: string;
  readonly lines: readonly string[];
}

export interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}

function shownIn(text: string): readonly Shown[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command = '', ...lines] = part.trimEnd().split('\n');
      return { command, lines };
    });
}

function sectionOf(text: string): Section {
  const [title = ''] = text.split('\n');
  const blocks = [...text.matchAll(/^```(sh|console)\n([\s\S]*?)^```$/gm)].map(([, type, inner = '']): Block =>
    type === 'sh' ? { type, text: inner } : { type: 'console', shown: shownIn(inner) },
  );
  return { title, blocks };
}

/** `docs/drill.md`, with other ports in place of its own, all of which begin with 83. */
export function readDrill(portFor: (port: string) => number) {
  const page = readFileSync(join(root, 'docs/drill.md'), 'utf8').replace(/\b83\d\d\b/g, (port) =>
    String(portFor(port)),
  );
  const sections = page.split(/^## /m).slice(1).map(sectionOf);
  const rows = [...page.matchAll(/^\| (\d\. .*?) \| (.*?) \|$/gm)];
  const alerts = new Map(rows.map(([, step, names]) => [step!, names === 'none' ? [] : names!.split(', ')]));
  const section = (title: string): Section => {
    const found = sections.find((each) => each.title === title);
    if (found === undefined) throw new Error(`docs/drill.md has no section ${title}`);
    return found;
  };
  return { section, alerts };
}

/** Whether the output has the lines, in any order. */
export function shows(output: string, lines: readonly string[]): boolean {
  const patterns = lines.map((line) => new RegExp(`^${line.split('…').map(escaped).join('.*')}$`, 'm'));
  return patterns.every((pattern) => pattern.test(output));
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
