import type { BreakerOptions } from '../health/circuit-breaker.ts';
import type { RetryBudgetOptions } from '../retry/retry-budget.ts';

/** The bucket of the article's clients, ten retries per second, full at the start. */
export const articleBudget: RetryBudgetOptions = {
  ratio: null,
  minRetriesPerSecond: 0,
  maxRetriesPerSecond: 10,
  burst: 10,
};

/** The budget as it is configured by default; a test holds it against the schema. */
export const shippingBudget: RetryBudgetOptions = {
  ratio: 0.1,
  minRetriesPerSecond: 0.2,
  maxRetriesPerSecond: 10,
  burst: 10,
};

/** The breaker as it is configured by default; a test holds it against the schema. */
export const shippingBreaker: BreakerOptions = {
  failureRatio: 0.5,
  minimumThroughput: 10,
  consecutiveFailures: 5,
  samplingDurationMs: 30_000,
  breakDurationMs: 5_000,
  maxBreakDurationMs: 60_000,
  probeLeaseMs: 60_000,
  unprovenLimit: 5,
};
