import type { Config } from '../config/schema.ts';
import type { ResilienceOptions } from '../core/resilience/resilience-state.ts';

/** The budget and the breaker that a configuration asks for, in the program as in its simulation. */
export function resilienceOptions({ api, budget, breaker }: Config): ResilienceOptions {
  const { ratio, minRetriesPerSecond, maxRetriesPerSecond, burst } = budget;
  // Where no rule opens the breaker, nothing is waited for either.
  const byRatio = breaker.failureRatio === null ? null : breaker.minimumThroughput;
  const unprovenLimit = breaker.consecutiveFailures ?? byRatio;
  return {
    budget: { ratio, minRetriesPerSecond, maxRetriesPerSecond, burst },
    breaker: { ...breaker, probeLeaseMs: 2 * api.timeoutMs, ...(unprovenLimit !== null && { unprovenLimit }) },
  };
}
