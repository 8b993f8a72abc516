import { type BreakerOptions, CircuitBreaker } from '../../src/core/resilience/circuit-breaker.ts';
import type { Permit, CallResult } from '../../src/ports/state.ts';

/** Opens after three consecutive failures; its breaks are 5 s to a minute. */
export const options: BreakerOptions = {
  failureRatio: null,
  minimumThroughput: 10,
  consecutiveFailures: 3,
  samplingDurationMs: 30_000,
  breakDurationMs: 5_000,
  maxBreakDurationMs: 60_000,
  probeLeaseMs: 20_000,
};

/** A time, without jitter by default. */
export const at = (nowMs: number, jitter = 0): { nowMs: number; jitter: number } => ({ nowMs, jitter });

/** The permit of a submission that must be admitted. */
export function passAt(breaker: CircuitBreaker, nowMs: number): Permit {
  const admission = breaker.tryAcquire(nowMs);
  if (!admission.admitted) throw new Error(`not admitted at ${nowMs}`);
  return admission.permit;
}

/** This many permits at the same time. */
export function passesAt(breaker: CircuitBreaker, nowMs: number, count: number): Permit[] {
  return Array.from({ length: count }, () => passAt(breaker, nowMs));
}

/** Opened at 0 by three failures; `late` are earlier permits that are still in flight. */
export function opened(special: Partial<BreakerOptions> = {}): { breaker: CircuitBreaker; late: Permit[] } {
  const breaker = new CircuitBreaker({ ...options, ...special });
  const late = passesAt(breaker, 0, 5);
  for (const pass of passesAt(breaker, 0, 3)) breaker.record(pass, 'failure', at(0));
  return { breaker, late };
}

/** Submissions one by one, each with its result. */
export function recordAll(breaker: CircuitBreaker, verdicts: readonly CallResult[], nowMs = 0): void {
  for (const verdict of verdicts) breaker.record(passAt(breaker, nowMs), verdict, at(nowMs));
}

/** The same value several times. */
export const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);
