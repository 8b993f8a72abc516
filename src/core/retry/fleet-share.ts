import type { RetryBudgetOptions } from './retry-budget.ts';

/** What one host keeps of a fleet's budget while it cannot reach it: `share` (0..1) of it, and one token at least. */
export function fleetShareOf(budget: RetryBudgetOptions, share: number): RetryBudgetOptions {
  return {
    ratio: budget.ratio,
    minRetriesPerSecond: budget.minRetriesPerSecond * share,
    maxRetriesPerSecond: budget.maxRetriesPerSecond * share,
    burst: Math.max(1, budget.burst * share),
  };
}
