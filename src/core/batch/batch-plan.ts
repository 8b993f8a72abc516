import type { FinishedTask, TaskProgress } from '../../ports/task-journal.ts';
import type { Accepted } from '../solve/attempt.ts';

/** What a person asked for about tasks of earlier runs. */
export interface ResumeOptions {
  readonly retryFailed: boolean;
  /** Tasks whose submission was cut off stay failed, instead of being submitted again. */
  readonly leaveInDoubt: boolean;
  /** Solve again what had expired by this moment, in epoch ms; null leaves it. One moment for a whole run. */
  readonly resolveExpiredAt: number | null;
}

/** What is to be done about a task, given how far it had come. */
export type BatchPlan =
  | { readonly do: 'nothing' }
  /** It may have been paid for, and nobody wants to risk a second payment. */
  | { readonly do: 'leave'; readonly earlierAttempts: number }
  | {
      readonly do: 'solve';
      readonly earlierAttempts: number;
      /** An id that is polled before anything is submitted. */
      readonly accepted: Accepted | null;
      readonly wasInDoubt: boolean;
    };

const afresh: BatchPlan = { do: 'solve', earlierAttempts: 0, accepted: null, wasInDoubt: false };

/** Whether a finished task is begun again, so that its row is held back from the output for the time being. */
export function isBegunAgain(
  { status, expiresAt }: Pick<FinishedTask, 'status' | 'expiresAt'>,
  { retryFailed, resolveExpiredAt }: ResumeOptions,
): boolean {
  if (status === 'failed') return retryFailed;
  return resolveExpiredAt !== null && expiresAt !== null && expiresAt <= resolveExpiredAt;
}

/** Decides what to do about a task. `liveId`: an id that a failed task left behind, which may still be solved. */
export function planTask(progress: TaskProgress, options: ResumeOptions, liveId: Accepted | null): BatchPlan {
  switch (progress.state) {
    case 'new':
      return afresh;
    case 'in-doubt':
      return options.leaveInDoubt
        ? { do: 'leave', earlierAttempts: progress.attempts }
        : { do: 'solve', earlierAttempts: progress.attempts, accepted: null, wasInDoubt: true };
    case 'submitted': {
      const { attempts, captchaId, submittedAt, wasInDoubt = false } = progress;
      return { do: 'solve', earlierAttempts: attempts, accepted: { captchaId, submittedAt }, wasInDoubt };
    }
    case 'solved':
      return isBegunAgain({ status: 'solved', expiresAt: progress.expiresAt }, options) ? afresh : { do: 'nothing' };
    case 'failed':
      if (!isBegunAgain({ status: 'failed', expiresAt: null }, options)) return { do: 'nothing' };
      return { do: 'solve', earlierAttempts: liveId === null ? 0 : 1, accepted: liveId, wasInDoubt: false };
  }
}
