import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { complaintAbout } from '../deploy/support/understood.ts';
import { pages, root } from './support/blocks.ts';

const textOf = (page: string): string => readFileSync(join(root, page), 'utf8');

/** Command lines of `captcha` in the sentences of a text; `blocks.test.ts` runs those of its blocks. */
function commandsIn(text: string): readonly string[] {
  const sentences = text.replace(/^\s*```[\s\S]*?^\s*```/gm, '');
  const phrases = [...sentences.matchAll(/`(captcha (?:--[\w-]+ )*[a-z][^`]*)`/g)];
  return phrases.map(([, line = '']) => line.replace(/\s+/g, ' '));
}

/** The words of a line, with its optional parts and the first of alternatives. */
function wordsOf(line: string): readonly string[] {
  const command = line
    .replace(/ [>|<;&].*$/, '')
    .replace(/\\\|\w+/g, '')
    .replace(/[[\]]/g, '');
  return command.split(' ').slice(1);
}

describe('the commands in the sentences', () => {
  const commands = new Map(pages.flatMap((page) => commandsIn(textOf(page)).map((line) => [line, page] as const)));

  it.each([...commands])('%s is valid (%s)', async (line) => {
    const complaint = await complaintAbout(wordsOf(line));
    // In a sentence a command may lack its arguments, and a group its command.
    expect(complaint.replace(/^((error: )?missing required argument|Usage: )[\s\S]*/, '')).toBe('');
  });
});

describe.each([...pages, 'CONTRIBUTING.md'])('the scripts of %s', (page) => {
  const text = textOf(page);
  const { scripts } = JSON.parse(textOf('package.json')) as { scripts: object };

  it('exist', () => {
    const named = [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name]) => name!);
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
    const files = [...text.matchAll(/\bnode ((?:bench|scripts|bin)\/[\w/.-]+)/g)].map(([, path]) => path!);
    expect(files.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});

describe('an invalid command', () => {
  it.each(['captcha queue shwo', 'captcha worker --exit-idle 5m'])('would be detected: %s', async (line) => {
    expect(await complaintAbout(wordsOf(line))).toMatch(/^(error: )?unknown/);
  });
});
