import { describe, expect, it } from 'vitest';
import { WaiterBackoff } from '../../../src/core/solve/admission-gate.ts';
import type { Breaker } from '../../../src/ports/state.ts';
import { isExhaustive } from '../../support/exhaustive.ts';
import { aFault, someTasks } from '../../support/builders.ts';
import { aHarness, solveAll, usualBreaker } from '../../support/solver-harness.ts';

/** The wait of the last of `size` waiters. */
async function waitOf(size: number, retryInMs: number, jitter: number): Promise<number> {
  const waiters = new WaiterBackoff();
  const waits: number[] = [];
  const never = new Promise<void>(() => undefined);
  for (let count = 0; count < size; count += 1) {
    void waiters.wait({ retryInMs, jitter }, (ms) => {
      waits.push(ms);
      return never;
    });
  }
  return waits.at(-1) ?? NaN;
}

describe('WaiterBackoff', () => {
  it.each([
    ['one waits as long as it is told', 1, 40, 1, 40],
    ['a few wait as long as they are told', 4, 40, 1, 40],
    ['fifty wait half a second at most', 50, 40, 1, 500],
    ['fifty wait no shorter than one', 50, 40, 0, 40],
    ['fifty wait for different times', 50, 40, 0.5, 270],
    ['however many, each asks once a second', 100_000, 40, 1, 1_000],
    ['nobody asks before it was told to, nor much later', 100_000, 5_000, 1, 5_000],
  ])('%s', async (_what, size, retryInMs, jitter, ms) => {
    expect(await waitOf(size, retryInMs, jitter)).toBe(ms);
  });

  it('is smaller by whoever has waited', async () => {
    const waiters = new WaiterBackoff();
    const waits: number[] = [];
    for (let count = 0; count < 3; count += 1) {
      await waiters.wait({ retryInMs: 40, jitter: 1 }, async (ms) => void waits.push(ms));
    }
    expect(waits).toEqual([40, 40, 40]);
  });
});

describe('Solver, with many tasks that wait for the breaker', () => {
  const down = { latencyMs: 100, fault: aFault() };
  const accepted = { latencyMs: 100, answer: 'accepted' as const };

  /** How often `waiterCount` waiters ask the breaker until all are solved. */
  async function asksOf(waiterCount: number): Promise<number> {
    let asks = 0;
    const counted = (breaker: Breaker): Breaker => ({
      tryAcquire: () => {
        asks += 1;
        return breaker.tryAcquire();
      },
      record: (pass, verdict) => breaker.record(pass, verdict),
    });
    const harness = aHarness({
      breaker: { ...usualBreaker, consecutiveFailures: 1, unprovenLimit: 1 },
      wrapBreaker: counted,
      options: { onExhausted: 'pause' },
      answers: { submits: ({ taskId }) => (taskId === 't1' ? [down, accepted] : [accepted]) },
    });
    const outcomes = await solveAll(harness, someTasks(waiterCount));
    expect(outcomes.every(({ status }) => status === 'solved')).toBe(true);
    return asks;
  }

  it('asks a few times for each of them, however many they are', async () => {
    expect((await asksOf(100)) / 100).toBeLessThan(6);
    const many = isExhaustive ? 1_000 : 300;
    expect((await asksOf(many)) / many).toBeLessThan(8);
  });
});
