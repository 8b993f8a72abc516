import type { Fault } from './fault.ts';
import type { FailureReason } from './outcome.ts';

interface TaskEvent {
  readonly taskId: string;
  /** From 1. */
  readonly attempt: number;
}

/** An event for progress lines, logs and reports. Events are one-way, and none contains a solution. */
export type SolverEvent =
  | (TaskEvent & { readonly type: 'submitting'; readonly region: string | null })
  | (TaskEvent & { readonly type: 'submitted'; readonly captchaId: string; readonly roundTripMs: number })
  /** The first poll of an id by this process is due. */
  | (TaskEvent & { readonly type: 'polling'; readonly captchaId: string; readonly inMs: number })
  | (TaskEvent & { readonly type: 'not-ready'; readonly captchaId: string })
  | (TaskEvent & { readonly type: 'poll-fault'; readonly captchaId: string; readonly fault: Fault })
  /** `liveId`: the id of the attempt if it may still be solved; null otherwise. */
  | (TaskEvent & { readonly type: 'attempt-failed'; readonly fault: Fault; readonly liveId: string | null })
  /** The attempt does not count: it only showed that the service is still unavailable, or that all threads are busy. */
  | (TaskEvent & { readonly type: 'probe-failed' | 'threads-full'; readonly fault: Fault })
  /** The attempt after this one is the last if its number is `maxAttempts`. */
  | (TaskEvent & {
      readonly type: 'retrying';
      readonly maxAttempts: number;
      readonly waitMs: number;
      readonly budgetBalance: number | null;
    })
  /** The task waits because the service asked all clients to (`Retry-After`). */
  | (TaskEvent & { readonly type: 'cooling-down'; readonly waitMs: number })
  | (TaskEvent & { readonly type: 'budget-refused'; readonly retryInMs: number | null })
  /** `isWaiting`: the task asks again then. `fault`: the latest one that this process met; null if it met none. */
  | (TaskEvent & {
      readonly type: 'breaker-refused';
      readonly retryInMs: number;
      readonly isWaiting: boolean;
      readonly fault: Fault | null;
    })
  /**
   * A hold or a limit of submissions. `why`: who holds and for what reason, or which limit. `retryInMs`: null for a hold
   * without an end. `isRepeated`: the task has said so before.
   */
  | (TaskEvent & {
      readonly type: 'submission-refused';
      readonly reason: 'held' | 'limit-reached';
      readonly why: string;
      readonly retryInMs: number | null;
      readonly isWaiting: boolean;
      readonly isRepeated: boolean;
    })
  | (TaskEvent & { readonly type: 'solved'; readonly captchaId: string | null; readonly durationMs: number })
  | (TaskEvent & { readonly type: 'gave-up'; readonly reason: FailureReason; readonly message: string });
