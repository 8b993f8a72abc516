import type { Fault, FaultKind } from '../../domain/fault.ts';
import type { FailureReason } from '../../domain/outcome.ts';

/** The keys `retry.*` of the configuration that limit one task. */
export interface RetryLimits {
  /** All attempts, the first included; 1 never retries. */
  readonly maxAttempts: number;
  /** After so many `unsolvable` faults the CAPTCHA itself is held to be unsolvable. */
  readonly maxUnsolvable: number;
}

export interface RetryContext {
  /** One fault per attempt so far, the latest last; at least one. */
  readonly faults: readonly Fault[];
  /** True where the latest submission was accepted and its id was not given up by the service. */
  readonly idMayBeAlive: boolean;
  /** True where the latest submission was accepted, and with it an input of the task is used up: another one cannot be solved. */
  readonly isInputUsedUp: boolean;
  /** Until the task's deadline, in ms. */
  readonly timeLeftMs: number;
  /** What an attempt takes until its first poll, in ms: a later one would be paid for in vain. */
  readonly attemptNeedsMs: number;
  /** What the backoff asks for before the next attempt, in ms. */
  readonly backoffMs: number;
  /**
   * The least wait before the last attempt where the service was not there, in ms; 0 for none. Meanwhile the others find
   * out whether it is there at all, so that no task is lost to an outage that is about to be known.
   */
  readonly lastChanceMs: number;
  /** Jitter on top of a wait that the service asked for, or that is a last chance, 0..1 of its range. */
  readonly jitter: number;
}

export type RetryDecision =
  | { readonly retry: true; readonly waitMs: number }
  | { readonly retry: false; readonly reason: FailureReason; readonly retryInMs: number | null };

const stop = (reason: FailureReason, retryInMs: number | null = null): RetryDecision => ({
  retry: false,
  reason,
  retryInMs,
});

/** A herd that was told the same `Retry-After` must not come back in the same instant: up to a fifth more, at most 5 s. */
export function withJitter(retryAfterMs: number, jitter: number): number {
  return retryAfterMs + jitter * Math.min(5_000, retryAfterMs * 0.2);
}

function isSpent(faults: readonly Fault[], last: Fault): boolean {
  if (last.maxResubmissions === null) return false;
  return faults.filter(({ code }) => code === last.code).length > last.maxResubmissions;
}

function whyNoMoreAttempts(last: Fault): FailureReason {
  if (last.kind === 'unsolvable') return 'unsolvable';
  return last.kind === 'rejected' ? 'rejected' : 'attempts-exhausted';
}

const isFinal = (kind: FaultKind): kind is 'account' | 'config' | 'rejected' =>
  kind === 'account' || kind === 'config' || kind === 'rejected';

/** An id that may still be solved is never paid for twice, whatever became of its polls. */
function whyLeftAlive({ kind, retryAfterMs }: Fault): RetryDecision {
  return isFinal(kind) ? stop(kind) : stop('deadline-exceeded', retryAfterMs);
}

/** Whether a task deserves another submission after its latest fault, when, and if not, why not. */
export function decideRetry(limits: RetryLimits, context: RetryContext): RetryDecision {
  const { faults, timeLeftMs, attemptNeedsMs, backoffMs, jitter } = context;
  const last = faults.at(-1);
  if (last === undefined) throw new RangeError('no fault to decide about');
  if (context.idMayBeAlive) return whyLeftAlive(last);
  if (last.kind === 'account' || last.kind === 'config') return stop(last.kind);
  if (last.kind === 'rejected' && last.maxResubmissions === null) return stop('rejected');
  if (context.isInputUsedUp) return stop(whyNoMoreAttempts(last));
  if (isSpent(faults, last)) return stop(whyNoMoreAttempts(last));
  if (faults.filter(({ kind }) => kind === 'unsolvable').length >= limits.maxUnsolvable) return stop('unsolvable');
  const askedMs = last.retryAfterMs === null ? 0 : withJitter(last.retryAfterMs, jitter);
  if (faults.length >= limits.maxAttempts) return stop(whyNoMoreAttempts(last), askedMs === 0 ? null : askedMs);
  const isLast = faults.length === limits.maxAttempts - 1 && (last.kind === 'transport' || last.kind === 'timeout');
  const waitMs = Math.max(backoffMs, askedMs);
  const lastAttemptWaitMs = isLast ? Math.max(waitMs, context.lastChanceMs * (1 + jitter)) : waitMs;
  const fitting = [lastAttemptWaitMs, waitMs].find((ms) => ms + attemptNeedsMs < timeLeftMs);
  return fitting === undefined ? stop('deadline-exceeded', waitMs) : { retry: true, waitMs: fitting };
}
