import type { Fault } from './fault.ts';

/** The solution of a task. */
export interface Solution {
  /** The token or text; structured answers (GeeTest, Cloudflare) as compact JSON. */
  readonly text: string;
  /** The parts of a structured answer and any extra fields; empty for a plain token. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Why a task was given up. The compiler lists every place that must handle a new reason. */
export type FailureReason =
  | 'rejected'
  | 'account'
  | 'config'
  | 'local'
  | 'unsolvable'
  | 'attempts-exhausted'
  | 'budget-exhausted'
  | 'breaker-open'
  | 'held'
  | 'limit-reached'
  | 'deadline-exceeded'
  | 'no-healthy-region'
  | 'policy-denied'
  | 'in-doubt'
  | 'cancelled';

/** One submission with its polls. Times are wall-clock epoch milliseconds. */
export interface Attempt {
  /** From 1. */
  readonly attempt: number;
  readonly region: string | null;
  /** The service's id, once the submission was accepted. */
  readonly captchaId: string | null;
  readonly startedAt: number;
  /** When the submission was accepted; null if it was not. */
  readonly submittedAt: number | null;
  readonly durationMs: number;
  /** Round trip of the submission, in ms; null without an answer. */
  readonly submitMs: number | null;
  /** Round trips of the answered polls, in ms, in order. */
  readonly pollMs: readonly number[];
  /** Failed polls after which polling continued with the same id. */
  readonly pollFaultCount: number;
  /** Null for the attempt that solved the task. */
  readonly fault: Fault | null;
  /** True if the submission's answer was lost, so it may have been accepted. */
  readonly possiblyCharged: boolean;
}

/** The median round trip of the answered requests, in ms; null if none was answered. */
export function apiLatencyMs(attempts: readonly Attempt[]): number | null {
  // This runs for every task of a batch.
  const trips: number[] = [];
  for (const { submitMs, pollMs } of attempts) {
    if (submitMs !== null) trips.push(submitMs);
    for (const ms of pollMs) trips.push(ms);
  }
  // Nearly all tasks make two requests, and the mean of two needs no order.
  if (trips.length > 2) trips.sort((one, other) => one - other);
  const middle = trips.length >> 1;
  const upper = trips[middle] ?? null;
  return upper === null || trips.length % 2 === 1 ? upper : (upper + (trips[middle - 1] ?? upper)) / 2;
}

interface OutcomeBase {
  readonly taskId: string;
  readonly region: string | null;
  readonly attempts: readonly Attempt[];
  /** Time from the first step to the last, waits included, in ms. An id of an earlier run counts from its submission. */
  readonly durationMs: number;
  /** True if it is true for any attempt. */
  readonly possiblyCharged: boolean;
}

export interface Solved extends OutcomeBase {
  readonly status: 'solved';
  readonly solution: Solution;
  /** Null if the solution came with the answer to the submission, without an id. */
  readonly captchaId: string | null;
  /** When the successful submission was accepted; null for a collected id of unknown age. */
  readonly submittedAt: number | null;
  /**
   * The earliest time at which the service may have had the solution: the time of the previous poll, or of the
   * submission.
   */
  readonly solvedAt: number;
  /** When the solution expires; null if it never does or that is unknown. */
  readonly expiresAt: number | null;
}

export interface GaveUp extends OutcomeBase {
  readonly status: 'failed';
  readonly reason: FailureReason;
  /** The service's code, verbatim; null if there is none. */
  readonly code: string | null;
  /** One sentence for the user. */
  readonly message: string;
  /** Wait before another try, in ms from now; null if unknown or pointless. */
  readonly retryInMs: number | null;
  /** An id that may still be solved and can be collected later; null if there is none. */
  readonly captchaId: string | null;
  readonly submittedAt: number | null;
}

/** How a task ended: solved, or given up with a reason; with all attempts. */
export type Outcome = Solved | GaveUp;

/**
 * How long the service may have had a solution before it was fetched, in ms: an upper bound. Null if it came with the answer
 * to the submission.
 */
export function deliveryDelayMs({ attempts, solvedAt }: Solved): number | null {
  const last = attempts.at(-1);
  if (last === undefined || last.pollMs.length === 0) return null;
  return Math.max(0, last.startedAt + last.durationMs - solvedAt);
}

/** True if a task has a solution that had expired at this time, in epoch ms. */
export function isExpiredAt(outcome: Outcome, timestamp: number): boolean {
  return outcome.status === 'solved' && outcome.expiresAt !== null && outcome.expiresAt <= timestamp;
}

/** Why no task can succeed until the user acts. */
export interface FatalReason {
  readonly reason: 'account' | 'config' | 'local';
  readonly message: string;
}

/** The reason for which every other task would fail too; null if there is none. */
export function fatalReasonOf(outcome: Outcome): FatalReason | null {
  if (outcome.status === 'solved') return null;
  const { reason, message } = outcome;
  return reason === 'account' || reason === 'config' || reason === 'local' ? { reason, message } : null;
}
