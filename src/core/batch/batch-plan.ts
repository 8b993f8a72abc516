import type { TaskProgress } from '../../ports/task-journal.ts';
import type { Accepted } from '../solve/attempt.ts';

/** What a person asked for about tasks of earlier runs. */
export interface ResumeOptions {
  readonly retryFailed: boolean;
  /** Tasks whose submission was cut off stay failed, instead of being submitted again. */
  readonly leaveInDoubt: boolean;
  /** Solve again what expired before it was written. */
  readonly resolveExpired: boolean;
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

/** Decides what to do about a task. `liveId`: an id that a failed task left behind, which may still be solved. */
export function planTask(
  progress: TaskProgress,
  options: ResumeOptions,
  { liveId, nowAt }: { liveId: Accepted | null; nowAt: number },
): BatchPlan {
  switch (progress.state) {
    case 'new':
      return afresh;
    case 'in-doubt':
      return options.leaveInDoubt
        ? { do: 'leave', earlierAttempts: progress.attempts }
        : { do: 'solve', earlierAttempts: progress.attempts, accepted: null, wasInDoubt: true };
    case 'submitted': {
      const { attempts, captchaId, submittedAt } = progress;
      return { do: 'solve', earlierAttempts: attempts, accepted: { captchaId, submittedAt }, wasInDoubt: false };
    }
    case 'solved': {
      const isExpired = progress.expiresAt !== null && progress.expiresAt <= nowAt;
      return options.resolveExpired && isExpired ? afresh : { do: 'nothing' };
    }
    case 'failed':
      if (!options.retryFailed) return { do: 'nothing' };
      return { do: 'solve', earlierAttempts: liveId === null ? 0 : 1, accepted: liveId, wasInDoubt: false };
  }
}
