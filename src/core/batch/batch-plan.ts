import type { Outcome } from '../../domain/outcome.ts';
import type { OpenProgress } from '../../domain/queued-task.ts';
import type { Task } from '../../domain/task.ts';
import type { FinishedTask, TaskProgress } from '../../ports/files.ts';
import type { Accepted } from '../solve/attempt.ts';

/** What a person asked for about tasks of earlier runs. */
export interface ResumeOptions {
  readonly retryFailed: boolean;
  /** Tasks whose submission was cut off stay failed, instead of being submitted again. */
  readonly leaveInDoubt: boolean;
  /** Solve again what had expired by this moment, in epoch ms; null leaves it. One moment for a whole run. */
  readonly resolveExpiredAt: number | null;
}

/** What the row of a finished task tells whoever begins the task again. */
export interface PriorRun {
  /** Submissions, those of all its runs. */
  readonly attempts: number;
  readonly possiblyCharged: boolean;
  /** An id that may still be solved; null for none. */
  readonly liveId: Accepted | null;
}

/** A task that is submitted, or polled where an id is known. */
export interface SolvePlan {
  readonly do: 'solve';
  /** Submissions of earlier runs. */
  readonly earlierAttempts: number;
  /** Of these, the ones that do not limit this run: a person asked for the task to be begun again. */
  readonly forgivenAttempts: number;
  /** An id that is polled before anything is submitted. */
  readonly accepted: Accepted | null;
  readonly wasInDoubt: boolean;
}

/** A task that may have been paid for, where nobody wants to risk a second payment. */
export interface LeavePlan {
  readonly do: 'leave';
  readonly earlierAttempts: number;
}

/** What is to be done about a task that is in work, or gets its row. */
export type WorkPlan = SolvePlan | LeavePlan;

/** What is to be done about a task, given how far it had come; `begin-again` has to look at its row first. */
export type BatchPlan = WorkPlan | { readonly do: 'nothing' } | { readonly do: 'begin-again' };

const afresh: SolvePlan = {
  do: 'solve',
  earlierAttempts: 0,
  forgivenAttempts: 0,
  accepted: null,
  wasInDoubt: false,
};

/** Whether a finished task is begun again, so that its row is held back from the output for the time being. */
export function isBegunAgain(
  { status, expiresAt }: Pick<FinishedTask, 'status' | 'expiresAt'>,
  { retryFailed, resolveExpiredAt }: ResumeOptions,
): boolean {
  if (status === 'failed') return retryFailed;
  return resolveExpiredAt !== null && expiresAt !== null && expiresAt <= resolveExpiredAt;
}

/** How a task goes on that has no result yet. */
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

/** What a planned task came to, with all that earlier runs did about it. An id that was known is no submission of this run. */
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

/** Decides what to do about a task. */
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

/** How a finished task is begun again: nothing of its earlier course is forgotten, and an id that may live is polled. */
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
  readonly task: Task;
  /** Lower ones first, within the look-ahead. */
  readonly priority: number;
  /** The columns of its input, in their order, as written. */
  readonly values: Readonly<Record<string, string>>;
}

/** How a task of a batch ended, in this run and the earlier ones together. */
export interface BatchResult {
  readonly item: BatchItem;
  readonly outcome: Outcome;
  /** Submissions, those of earlier runs included. */
  readonly attemptCount: number;
  readonly possiblyCharged: boolean;
  /** True where the solution was no longer usable when its row was written. */
  readonly expired: boolean;
}

/** Where finished rows go. Rejects with a system error where they cannot be written. */
export interface RowSink {
  write(values: Readonly<Record<string, string>>): Promise<void>;
}
