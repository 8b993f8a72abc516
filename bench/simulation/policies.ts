import type { BreakerOptions } from '../../src/core/resilience/circuit-breaker.ts';
import type { RetryBudgetOptions } from '../../src/core/resilience/retry-budget.ts';
import type { PollTiming } from '../../src/core/solve/poll-pacing.ts';

/** The bucket of the article's clients, ten retries per second, full at the start. */
export const publishedBudget: RetryBudgetOptions = {
  ratio: null,
  minRetriesPerSecond: 0,
  maxRetriesPerSecond: 10,
  burst: 10,
};

/** The budget as it is configured by default; a test holds it against the schema. */
export const defaultBudget: RetryBudgetOptions = {
  ratio: 0.1,
  minRetriesPerSecond: 0.2,
  maxRetriesPerSecond: 10,
  burst: 10,
};

/** The breaker as it is configured by default; a test holds it against the schema. */
export const defaultBreaker: BreakerOptions = {
  failureRatio: 0.5,
  minimumThroughput: 10,
  consecutiveFailures: 5,
  samplingDurationMs: 30_000,
  breakDurationMs: 5_000,
  maxBreakDurationMs: 60_000,
  probeLeaseMs: 60_000,
  unprovenLimit: 5,
};

/** For services that have the solution as soon as they have accepted the task. */
export const immediatePolls: PollTiming = { firstWaitMs: 0, intervalMs: 0, coldStartMs: [], lifetimeMs: null };
