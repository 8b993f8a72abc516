import { expect, it } from 'vitest';
import { playSeeds } from './many-seeds.ts';

const first = Number(process.env['SIMULATION_FIRST'] ?? 1);
const count = Number(process.env['SIMULATION_COUNT'] ?? 10_000);

it(`no invariant is broken by the seeds ${first} to ${first + count - 1}`, async () => {
  const beganMs = performance.now();
  const { broken, histogram } = await playSeeds(first, first + count - 1);
  const seconds = (performance.now() - beganMs) / 1_000;
  console.info(`${histogram}\n\n${count} schedules, ${(count / seconds).toFixed(0)} per second`);
  expect(broken).toEqual([]);
});
