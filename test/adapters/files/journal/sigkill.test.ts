import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { aFolder, open, rowsOf } from './support/a-journal.ts';
import { buildChildren, Child, type ChildPrograms } from './support/child.ts';

let programs: ChildPrograms;
beforeAll(async () => {
  programs = await buildChildren(['child-append']);
});
afterAll(() => programs.remove());

const order = ['in-doubt', 'submitted', 'solved'];

/** The last state of every task that a child reported as durable. */
function acknowledgedIn(lines: readonly string[]): Map<string, number> {
  const states = new Map<string, number>();
  for (const line of lines) {
    const [state = '', key = ''] = line.split(' ');
    if (order.includes(state)) states.set(key, order.indexOf(state));
  }
  return states;
}

it.each([
  [1, [5, 40, 3, 100]],
  [50, [1, 700, 120, 2500]],
])(
  'keeps every acknowledged step of a process that is killed at any instant (%i tasks at once)',
  async (lanes, deaths) => {
    const path = join(aFolder(), 'j');
    const acknowledged = new Map<string, number>();
    for (const linesBeforeDeath of deaths) {
      const child = new Child(process.execPath, [programs.pathOf('child-append'), path, String(lanes)]);
      expect(await child.line(1)).toBe(`open ${(await child.line(1)).split(' ')[1]}`);
      await child.line(1 + linesBeforeDeath);
      await child.kill();
      expect(child.lines.filter((line) => line.startsWith('error'))).toEqual([]);
      for (const [key, state] of acknowledgedIn(child.lines)) acknowledged.set(key, state);

      const journal = await open(path);
      const lost = [...acknowledged].filter(([key, state]) => order.indexOf(journal.progressOf(key).state) < state);
      expect(lost).toEqual([]);
      const rows = new Set((await rowsOf(journal)).map(({ key }) => key));
      expect([...acknowledged].filter(([key, state]) => order[state] === 'solved' && !rows.has(key))).toEqual([]);
      await journal.close();
    }
    expect(acknowledged.size).toBeGreaterThan(deaths.length);
  },
  60_000,
);
