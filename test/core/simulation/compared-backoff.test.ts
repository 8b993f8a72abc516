import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/adapters/virtual/seeded-random.ts';
import { type ComparedStrategy, startBackoff } from '../../../src/core/resilience/backoff.ts';
import { aConfig } from '../../cli/support/a-config.ts';

function draws(strategy: ComparedStrategy, retry: number): readonly number[] {
  return Array.from({ length: 500 }, (_, seed) => {
    const waitMs = startBackoff({ strategy, baseDelayMs: 1_000, maxDelayMs: 30_000 }, seededRandom(seed));
    return Array.from({ length: retry }, (_unused, at) => waitMs(at + 1)).at(-1) ?? NaN;
  });
}

describe('backoff strategies for comparison only', () => {
  it.each([
    [1, 1_000, 2_000],
    [3, 4_000, 8_000],
    [9, 15_000, 30_000],
  ])('equal jitter before retry %d lies between %d and %d ms', (retry, least, most) => {
    const all = draws('equal-jitter', retry);
    expect(Math.min(...all)).toBeGreaterThanOrEqual(least);
    expect(Math.max(...all)).toBeLessThan(most);
  });

  it('synchronises clients at the cap in its published form, unlike ours', () => {
    const onCap = (strategy: ComparedStrategy): number => draws(strategy, 8).filter((ms) => ms === 30_000).length;
    expect(onCap('aws-decorrelated')).toBeGreaterThan(100);
    expect(onCap('decorrelated-jitter')).toBe(0);
  });

  it.each(['equal-jitter', 'aws-decorrelated'])('%s is rejected by the configuration', (strategy) => {
    expect(() => aConfig({ retry: { strategy } })).toThrow(/must be one of none, fixed, linear/);
  });
});
