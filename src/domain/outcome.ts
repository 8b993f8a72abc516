import type { Fault } from './fault.ts';

/** The answer to a task. */
export interface Solution {
  /** The token or text; structured answers (GeeTest, Cloudflare) as compact JSON. */
  readonly text: string;
  /** The parts of a structured answer and every extra field that came with it; empty for a plain token. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Why a task was given up. Adding one makes the compiler list every place that must speak about it. */
export type FailureReason =
  | 'rejected'
  | 'account'
  | 'config'
  | 'unsolvable'
  | 'attempts-exhausted'
  | 'budget-exhausted'
  | 'breaker-open'
  | 'deadline-exceeded'
  | 'no-healthy-region'
  | 'policy-denied'
  | 'in-doubt'
  | 'cancelled';

/** One submission plus its polls. Times are wall-clock epoch milliseconds. */
export interface Attempt {
  /** Counts from 1. */
  readonly attempt: number;
  readonly region: string | null;
  /** The service's id, once the submission was accepted. */
  readonly captchaId: string | null;
  readonly startedAt: number;
  /** When the submission was accepted; null where it was not. */
  readonly submittedAt: number | null;
  readonly durationMs: number;
  /** Round trip of the submission, in ms; null where no answer came. */
  readonly submitMs: number | null;
  /** Round trip of every answered poll, in ms, in order. */
  readonly pollMs: readonly number[];
  /** Polls that failed and were ridden over on the same id. */
  readonly pollFaultCount: number;
  /** Null in the attempt that solved the task. */
  readonly fault: Fault | null;
  /** True where the submission's answer was lost, so that it may have been accepted. */
  readonly possiblyCharged: boolean;
}

interface OutcomeBase {
  readonly taskId: string;
  readonly region: string | null;
  readonly attempts: readonly Attempt[];
  /** From the first step to the last, waits included, in ms. */
  readonly durationMs: number;
  /** True where any attempt is. */
  readonly possiblyCharged: boolean;
}

export interface Solved extends OutcomeBase {
  readonly status: 'solved';
  readonly solution: Solution;
  readonly captchaId: string;
  /** When the winning submission was accepted; null where an id of unknown age was collected. */
  readonly submittedAt: number | null;
  /** The earliest moment that the service may have had the answer: one look before the one that fetched it, or the submission. */
  readonly solvedAt: number;
  /** When the solution stops being usable; null where it never does or nobody knows. */
  readonly expiresAt: number | null;
}

export interface GaveUp extends OutcomeBase {
  readonly status: 'failed';
  readonly reason: FailureReason;
  /** The service's code behind the reason, verbatim; null where there is none. */
  readonly code: string | null;
  /** One sentence for a person. */
  readonly message: string;
  /** When it is worth trying again, in ms from now; null where unknown or never. */
  readonly retryInMs: number | null;
  /** An id that may still be solved and can be collected later; null where none was left behind. */
  readonly captchaId: string | null;
  readonly submittedAt: number | null;
}

/** How a task ended: solved, or given up with a reason and every attempt attached. */
export type Outcome = Solved | GaveUp;

/** Why no task at all can succeed until a person has acted. */
export interface FatalReason {
  readonly reason: 'account' | 'config';
  readonly message: string;
}

/** What an outcome says about all tasks; null where it speaks for its own only. */
export function fatalReasonOf(outcome: Outcome): FatalReason | null {
  if (outcome.status === 'solved') return null;
  const { reason, message } = outcome;
  return reason === 'account' || reason === 'config' ? { reason, message } : null;
}
