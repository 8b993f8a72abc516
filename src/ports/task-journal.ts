import type { AttemptJournal } from './attempt-journal.ts';

/** How far a task had come when its journal was last written. */
export type TaskProgress =
  | { readonly state: 'new' }
  /** A submission was begun and its answer is not known: it may have been paid for. */
  | { readonly state: 'in-doubt'; readonly attempts: number }
  /** Paid for, the answer not fetched. */
  | {
      readonly state: 'submitted';
      readonly attempts: number;
      readonly captchaId: string;
      /** Epoch ms. */
      readonly submittedAt: number;
      /** An earlier submission's answer is not known: that one may have been paid for, too. */
      readonly wasInDoubt?: true;
    }
  /** It has its row. `expiresAt` in epoch ms; null where it does not expire. */
  | { readonly state: 'solved'; readonly expiresAt: number | null }
  | { readonly state: 'failed' };

/** What a finished task leaves: its row of output, complete. */
export interface FinishedTask {
  readonly key: string;
  readonly status: 'solved' | 'failed';
  readonly expiresAt: number | null;
  /** Column by column, as they will be written. */
  readonly values: Readonly<Record<string, string>>;
}

/** The truth about a batch: what was paid for and what came of it. Everything it resolves is durable. */
export interface TaskJournal extends AttemptJournal {
  progressOf(key: string): TaskProgress;
  /** Before the task is sent to a queue: from now on a worker may pay for it. */
  queued(key: string): Promise<void>;
  /** Whether the task was sent to a queue since it had its latest row. */
  wasQueued(key: string): boolean;
  /** Before the row is written. */
  finished(task: FinishedTask): Promise<void>;
  /** The latest rows of all finished tasks, in the order in which they were finished, one per task. */
  finishedTasks(): AsyncIterable<FinishedTask>;
  /** The latest row of one finished task; null where it has none. */
  rowOf(key: string): Promise<FinishedTask | null>;
  /** Writes what is outstanding and gives the lock back. */
  close(): Promise<void>;
}
