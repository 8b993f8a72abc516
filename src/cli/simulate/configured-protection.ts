import type { Config } from '../../config/schema.ts';
import type { BreakerOptions } from '../../core/health/circuit-breaker.ts';
import type { RetryBudgetOptions } from '../../core/retry/retry-budget.ts';

/** The budget that a configuration asks for. */
export function budgetOf({ budget }: Config): RetryBudgetOptions {
  const { ratio, minRetriesPerSecond, maxRetriesPerSecond, burst } = budget;
  return { ratio, minRetriesPerSecond, maxRetriesPerSecond, burst };
}

/** The breaker that a configuration asks for, as the processes of a host share it. */
export function breakerOf({ api, breaker }: Config): BreakerOptions {
  const unprovenLimit = breaker.consecutiveFailures ?? breaker.minimumThroughput;
  return { ...breaker, probeLeaseMs: 2 * api.timeoutMs, unprovenLimit };
}
