import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/adapters/virtual/seeded-random.ts';
import { type BackoffOptions, type BackoffStrategy, startBackoff } from '../../../src/core/resilience/backoff.ts';

const options = (strategy: BackoffStrategy): BackoffOptions => ({ strategy, baseDelayMs: 1_000, maxDelayMs: 30_000 });
const almostOne = 1 - 2 ** -32;

function firstWaits(strategy: BackoffStrategy, draw: number): number[] {
  const backoffMs = startBackoff(options(strategy), { next: () => draw });
  return [1, 2, 3, 4, 5, 6].map(backoffMs);
}

const jittered = ['full-jitter', 'decorrelated-jitter'] as const;

describe('backoff', () => {
  it.each<[BackoffStrategy, number, number[]]>([
    ['none', 0.5, [0, 0, 0, 0, 0, 0]],
    ['fixed', 0.5, [1_000, 1_000, 1_000, 1_000, 1_000, 1_000]],
    ['linear', 0.5, [1_000, 2_000, 3_000, 4_000, 5_000, 6_000]],
    ['exponential', 0.5, [2_000, 4_000, 8_000, 16_000, 30_000, 30_000]],
    ['full-jitter', 0, [0, 0, 0, 0, 0, 0]],
    ['full-jitter', 0.5, [1_000, 2_000, 4_000, 8_000, 15_000, 15_000]],
    ['decorrelated-jitter', 0, [1_000, 1_000, 1_000, 1_000, 1_000, 1_000]],
    ['decorrelated-jitter', 0.5, [2_000, 3_500, 5_750, 9_125, 14_187.5, 15_500]],
  ])('%s with a draw of %d waits %j', (strategy, draw, waits) => {
    expect(firstWaits(strategy, draw)).toEqual(waits);
  });

  it.each(jittered)('%s stays just below the limit of its range', (strategy) => {
    const bounds = { 'full-jitter': 2_000, 'decorrelated-jitter': 3_000 };
    const first = firstWaits(strategy, almostOne)[0]!;
    expect(first).toBeLessThan(bounds[strategy]);
    expect(first).toBeGreaterThan(bounds[strategy] - 1);
  });

  it.each(jittered)('%s never waits exactly the maximum in 10,000 retries', (strategy) => {
    const backoffMs = startBackoff(options(strategy), seededRandom(3));
    const waits = Array.from({ length: 10_000 }, (_, index) => backoffMs(index + 1));
    expect(waits.filter((waitMs) => waitMs >= 30_000)).toEqual([]);
    expect(Math.max(...waits)).toBeGreaterThan(29_000);
  });

  it.each(jittered)('%s spreads over its range at the cap', (strategy) => {
    const backoffMs = startBackoff(options(strategy), seededRandom(4));
    const waits = Array.from({ length: 10_000 }, (_, index) => backoffMs(index + 10));
    const fullest = waits.reduce((bins, waitMs) => {
      const bin = Math.floor(waitMs / 1_000);
      return bins.set(bin, (bins.get(bin) ?? 0) + 1);
    }, new Map<number, number>());
    // 30 bins of a second each: synchronised clients would fill one of them.
    expect(Math.max(...fullest.values())).toBeLessThan((10_000 / 30) * 3);
  });

  it('is between 0 and the maximum, for any strategy, retry and options', () => {
    const strategies: BackoffStrategy[] = ['none', 'fixed', 'linear', 'exponential', ...jittered];
    const delayMs = fc.integer({ min: 0, max: 100_000 });
    fc.assert(
      fc.property(
        fc.record({ strategy: fc.constantFrom(...strategies), baseDelayMs: delayMs, maxDelayMs: delayMs }),
        fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1 }),
        fc.integer(),
        (chosen, retries, seed) => {
          const backoffMs = startBackoff(chosen, seededRandom(seed));
          for (const waitMs of retries.map(backoffMs)) {
            expect(waitMs).toBeGreaterThanOrEqual(0);
            expect(waitMs).toBeLessThanOrEqual(chosen.maxDelayMs);
          }
        },
      ),
    );
  });

  it.each(['exponential', 'full-jitter'] as const)('%s is a number after any number of retries', (strategy) => {
    const backoffMs = startBackoff({ strategy, baseDelayMs: 0, maxDelayMs: 30_000 }, seededRandom(1));
    expect([1_000, 1_024, 1_000_000].map(backoffMs)).toEqual([0, 0, 0]);
  });

  it('is independent for two tasks', () => {
    const random = seededRandom(5);
    const [one, other] = [
      startBackoff(options('decorrelated-jitter'), random),
      startBackoff(options('decorrelated-jitter'), random),
    ];
    for (let retry = 1; retry <= 20; retry += 1) one(retry);
    expect(other(1)).toBeLessThan(3_000);
  });
});
