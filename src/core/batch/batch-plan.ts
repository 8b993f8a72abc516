import type { Outcome } from '../../domain/outcome.ts';
import type { OpenProgress } from '../../domain/queued-task.ts';
import type { Task } from '../../domain/task.ts';
import type { FinishedTask, TaskProgress } from '../../ports/files.ts';
import type { Accepted } from '../solve/attempt.ts';

/** The user's choices about tasks of earlier runs. */
export interface ResumeOptions {
  readonly retryFailed: boolean;
  /** Tasks with an unknown submission outcome stay failed and are not resubmitted. */
  readonly leaveInDoubt: boolean;
  /**
   * Solve again the solutions that had expired before their row was written, of those that have expired at this time, in
   * epoch ms; null keeps them. One time for the whole run.
   */
  readonly resolveExpiredAt: number | null;
  /** Reads from a row whether its solution had expired before it was written. Undefined: all had. */
  readonly wasExpired?: (values: FinishedTask['values']) => boolean;
}

/** The history in the row of a finished task, needed when the task starts over. */
export interface PriorRun {
  /** Submissions of all runs. */
  readonly attempts: number;
  readonly possiblyCharged: boolean;
  /** An id that may still be solved; null if there is none. */
  readonly liveId: Accepted | null;
}

/** The task is polled if its id is known, otherwise submitted. */
export interface SolvePlan {
  readonly do: 'solve';
  /** Submissions of earlier runs. */
  readonly earlierAttempts: number;
  /** The part of `earlierAttempts` that does not count towards `maxAttempts`: the user asked for a new start. */
  readonly forgivenAttempts: number;
  /** An id to poll before any submission; null if there is none. */
  readonly accepted: Accepted | null;
  readonly wasInDoubt: boolean;
}

/** The task may have been paid for and is not resubmitted, to avoid a second payment. */
export interface LeavePlan {
  readonly do: 'leave';
  readonly earlierAttempts: number;
}

/** The plan for a task that is worked on or gets its row. */
export type WorkPlan = SolvePlan | LeavePlan;

/** The plan for a task, based on its progress. For `begin-again` the row must be read first. */
export type BatchPlan = WorkPlan | { readonly do: 'nothing' } | { readonly do: 'begin-again' };

const afresh: SolvePlan = {
  do: 'solve',
  earlierAttempts: 0,
  forgivenAttempts: 0,
  accepted: null,
  wasInDoubt: false,
};

/**
 * True if a finished task starts over. Its row is then held back from the output for now. Without `values`, a solution that
 * has expired since may be one that had not when its row was written.
 */
export function isBegunAgain(
  { status, expiresAt, values }: Pick<FinishedTask, 'status' | 'expiresAt'> & Partial<Pick<FinishedTask, 'values'>>,
  { retryFailed, resolveExpiredAt, wasExpired }: ResumeOptions,
): boolean {
  if (status === 'failed') return retryFailed;
  const isExpired = resolveExpiredAt !== null && expiresAt !== null && expiresAt <= resolveExpiredAt;
  return isExpired && (values === undefined || wasExpired?.(values) !== false);
}

/** The plan for a task without a result. */
export function planOpen(progress: OpenProgress): SolvePlan {
  switch (progress.state) {
    case 'new':
      return afresh;
    case 'in-doubt':
      return { ...afresh, earlierAttempts: progress.attempts, wasInDoubt: true };
    case 'submitted': {
      const { attempts, captchaId, submittedAt, wasInDoubt = false } = progress;
      return { ...afresh, earlierAttempts: attempts, accepted: { captchaId, submittedAt }, wasInDoubt };
    }
  }
}

/**
 * The combined history of a task, this run's plan included. An id that was already known is not a submission of this
 * run.
 */
export function priorRunOf(
  { earlierAttempts, accepted, wasInDoubt }: SolvePlan,
  { attempts, possiblyCharged }: Outcome,
): { readonly attemptCount: number; readonly possiblyCharged: boolean } {
  const resumedCount = accepted === null ? 0 : 1;
  return {
    attemptCount: earlierAttempts + attempts.length - resumedCount,
    possiblyCharged: possiblyCharged || wasInDoubt,
  };
}

/** Decides what to do with a task. */
export function planTask(progress: TaskProgress, options: ResumeOptions): BatchPlan {
  switch (progress.state) {
    case 'in-doubt':
      return options.leaveInDoubt ? { do: 'leave', earlierAttempts: progress.attempts } : planOpen(progress);
    case 'new':
    case 'submitted':
      return planOpen(progress);
    case 'solved':
    case 'failed': {
      const expiresAt = progress.state === 'solved' ? progress.expiresAt : null;
      return { do: isBegunAgain({ status: progress.state, expiresAt }, options) ? 'begin-again' : 'nothing' };
    }
  }
}

/** The plan for a finished task that starts over: its history is kept, and an id that may still be solved is polled. */
export function planAgain({ attempts, possiblyCharged, liveId }: PriorRun): SolvePlan {
  return {
    do: 'solve',
    earlierAttempts: attempts,
    forgivenAttempts: liveId === null ? attempts : attempts - 1,
    accepted: liveId,
    wasInDoubt: possiblyCharged,
  };
}

/** One task of a batch. */
export interface BatchItem {
  /** Names the task in the journal. */
  readonly key: string;
  /** The line of the record in the input, from 1. */
  readonly line: number;
  readonly task: Task;
  /** Lower numbers come first, within the look-ahead. */
  readonly priority: number;
  /** The input columns in their order, unchanged. */
  readonly values: Readonly<Record<string, string>>;
  /** Those of them whose JSON value is no text. */
  readonly literals?: readonly string[];
}

/** How a task ended, this run and earlier runs together. */
export interface BatchResult {
  readonly item: BatchItem;
  readonly outcome: Outcome;
  /** Submissions, earlier runs included. */
  readonly attemptCount: number;
  readonly possiblyCharged: boolean;
  /** True if the solution had expired before its row was written. */
  readonly expired: boolean;
}

/** Destination of finished rows. Rejects with a system error if a row cannot be written. */
export interface RowSink {
  write(values: Readonly<Record<string, string>>): Promise<void>;
}
