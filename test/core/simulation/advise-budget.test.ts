import { describe, expect, it } from 'vitest';
import { adviseBudget } from '../../../src/core/simulation/advise-budget.ts';

describe('the recommended budget', () => {
  it.each([
    [0.5, { ratio: 0.1, minRetriesPerSecond: 0.05, maxRetriesPerSecond: 1, burst: 10 }],
    [20, { ratio: 0.1, minRetriesPerSecond: 0.4, maxRetriesPerSecond: 4, burst: 20 }],
    [1_000, { ratio: 0.1, minRetriesPerSecond: 20, maxRetriesPerSecond: 200, burst: 1_000 }],
  ])('for %d submissions per second is %j', (ratePerSecond, budget) => {
    expect(adviseBudget({ ratePerSecond, outageMs: 60_000 }).budget).toEqual(budget);
  });

  it('gives a reason for every setting', () => {
    const { settings } = adviseBudget({ ratePerSecond: 20, outageMs: 60_000 });
    expect(settings.map(({ key }) => key)).toEqual([
      'budget.ratio',
      'budget.minRetriesPerSecond',
      'budget.maxRetriesPerSecond',
      'budget.burst',
    ]);
    expect(settings.at(-1)?.because).toContain('at most 44 retries, compared with 1200 first attempts');
  });
});
