import type { Awaitable } from './awaitable.ts';

/** What must be durable before the next step of an attempt is taken, so that a crash neither loses nor pays twice. */
export interface AttemptJournal {
  /**
   * Before the submission is sent: from now on it may have been paid for. `wasInDoubt`: so may an earlier one, as the row
   * of the finished task says that is begun again; whatever is not finished the journal knows itself.
   */
  intend(taskKey: string, attempt: number, wasInDoubt?: boolean): Awaitable<void>;
  /** The submission was refused, so that nothing was paid for. Need not be durable at once. */
  refused(taskKey: string): Awaitable<void>;
  /** Before the first poll: the id is known. `submittedAt` in epoch ms. */
  submitted(taskKey: string, captchaId: string, submittedAt: number): Awaitable<void>;
}
