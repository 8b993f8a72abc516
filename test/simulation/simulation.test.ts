import { describe, expect, it } from 'vitest';
import { playSeeds } from './many-seeds.ts';
import { scheduleOf } from './schedule.ts';
import { simulate } from './simulate.ts';

const seed = process.env['SIMULATION_SEED'];

/**
 * An empty simulation would violate no invariant: each of these occurs often enough that 250 schedules contain some.
 */
const mustHappen = [
  'crash: journal torn',
  'crash: task with a submission out',
  'crash: task with an id that was known',
  'task resumed by its id',
  'task of which an accepted id was never known',
  'submission that drew a token',
  'solver: budget-refused',
  'breaker: opened',
  'breaker: closed',
  'breaker: probe',
  'Retry-After heard',
  'wall clock set back',
  'wall clock set forward',
  'run ended: interrupted',
  'run ended: killed',
  'run ended: error',
  'row: in-doubt',
  'row: expired when it was written',
  'submit: accepted, and the answer lost',
  'submit: every thread taken',
  'journal: opened as a real file after a crash',
];

describe.runIf(seed === undefined)('250 schedules of faults, crashes and clocks that jump', () => {
  it('violate no invariant, and are not empty', async () => {
    const { broken, counts } = await playSeeds(1, 250);
    expect(broken).toEqual([]);
    expect(mustHappen.filter((event) => (counts.get(event) ?? 0) < 2)).toEqual([]);
  });

  it('take the same steps for the same seed', async () => {
    for (const each of [1, 7, 42]) {
      const traces: string[][] = [[], []];
      for (const taskRun of traces) await simulate(each, (line) => taskRun.push(line));
      expect(traces[0]?.length).toBeGreaterThan(10);
      expect(traces[0]).toEqual(traces[1]);
    }
  });
});

if (seed !== undefined) {
  it(`the schedule of seed ${seed} violates no invariant`, async () => {
    console.info(JSON.stringify(scheduleOf(Number(seed)), null, 1));
    const { broken } = await simulate(Number(seed), (line) => console.info(line));
    expect(broken).toEqual([]);
  });
}
