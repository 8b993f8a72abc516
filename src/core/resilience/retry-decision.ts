import type { Fault, FaultKind } from '../../domain/fault.ts';
import type { FailureReason } from '../../domain/outcome.ts';

/** The keys `retry.*` of the configuration that limit one task. */
export interface RetryLimits {
  /** Limit of attempts, the first included; 1 disables retries. */
  readonly maxAttempts: number;
  /** After this many `unsolvable` faults the CAPTCHA counts as unsolvable. */
  readonly maxUnsolvable: number;
}

export interface RetryContext {
  /** One fault per attempt so far, the latest last; at least one. */
  readonly faults: readonly Fault[];
  /** True if the latest submission was accepted and the service has not given up its id. */
  readonly idMayBeAlive: boolean;
  /**
   * True if the latest submission was accepted and consumed an input that only works once: a further one cannot be
   * solved.
   */
  readonly isInputUsedUp: boolean;
  /** Time left until the task's deadline, in ms. */
  readonly timeLeftMs: number;
  /**
   * Time from the start of an attempt to its first poll, in ms: an attempt without that time is paid for but never
   * collected.
   */
  readonly attemptNeedsMs: number;
  /** The backoff's wait before the next attempt, in ms. */
  readonly backoffMs: number;
  /**
   * Minimum wait before the last attempt after a transport error or a timeout, in ms; 0 for none. Meanwhile other tasks
   * find out whether the service is reachable at all, so that the last attempt is not lost to an outage.
   */
  readonly lastChanceMs: number;
  /** Random share 0..1 of the jitter added to a `Retry-After` or to `lastChanceMs`. */
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

/** Adds up to 20 %, at most 5 s: clients that got the same `Retry-After` must not return in the same instant. */
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

const endsAll = (kind: FaultKind): kind is 'account' | 'config' | 'local' =>
  kind === 'account' || kind === 'config' || kind === 'local';

const isFinal = (kind: FaultKind): kind is 'account' | 'config' | 'local' | 'rejected' =>
  endsAll(kind) || kind === 'rejected';

/** An id that may still be solved is never paid for a second time, whatever happened to its polls. */
function whyLeftAlive({ kind, retryAfterMs }: Fault): RetryDecision {
  return isFinal(kind) ? stop(kind) : stop('deadline-exceeded', retryAfterMs);
}

/**
 * Decides whether a task is submitted again after its latest fault, and when. If not, gives the reason. Throws
 * `RangeError` without a fault.
 */
export function decideRetry(limits: RetryLimits, context: RetryContext): RetryDecision {
  const { faults, timeLeftMs, attemptNeedsMs, backoffMs, jitter } = context;
  const last = faults.at(-1);
  if (last === undefined) throw new RangeError('no fault to decide about');
  if (context.idMayBeAlive) return whyLeftAlive(last);
  if (endsAll(last.kind)) return stop(last.kind);
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
