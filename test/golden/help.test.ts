import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { type Golden, it } from './support/golden.ts';

/** The commands that a help page names. */
function commandsIn(help: string): readonly string[] {
  const sections = help.matchAll(/^(?:Solve|Regions|Fleet|Protection|Set-up|Commands):\n((?: .*\n)+)/gm);
  const lists = [...sections].map(([, list]) => list!).join('');
  return [...lists.matchAll(/^ {2}([a-z][\w-]*)/gm)].map(([, name]) => name!).filter((name) => name !== 'help');
}

/** Compares the page of a command and those of all below it. Answers their names. */
async function comparePages(golden: Golden, path: readonly string[]): Promise<readonly string[]> {
  const { code, stdout, stderr } = await golden.run([...path, '--help'].join(' '), { config: null });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const name = ['captcha', ...path].join('-');
  await golden.compare(`help/${name}`, stdout, 'exact');
  const below = await Promise.all(commandsIn(stdout).map((command) => comparePages(golden, [...path, command])));
  return [name, ...below.flat()];
}

describe('help', { timeout: 120_000 }, () => {
  it('of every command of the tree is what it was', async ({ golden }) => {
    const names = await comparePages(golden, []);
    const stored = await readdir(join(import.meta.dirname, 'expected/help')).catch(() => []);
    const stale = stored.filter((file) => !names.includes(file.replace(/\.txt$/, '')));
    expect(stale, 'pages of commands that are gone: delete these files').toEqual([]);
  });
});
