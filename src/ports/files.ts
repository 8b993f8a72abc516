import type { OpenProgress } from '../domain/queued-task.ts';
import type { Result } from '../domain/result.ts';
import type { Awaitable } from './system.ts';

/** One record of a batch's input. */
export interface InputRow {
  readonly type: 'row';
  /** Counts records from 1, the header not among them. */
  readonly row: number;
  /** The line of the file on which the record begins, from 1. */
  readonly line: number;
  /** Names the record by its content and, among records of equal content, by its occurrence: 32 hex digits. */
  readonly key: string;
  /** Every column of the record, in its order, as written; names are already mapped. */
  readonly values: Readonly<Record<string, string>>;
  /** The columns that hold `true` or `false` as booleans of JSON, which the wire knows as 1 and 0. */
  readonly booleans?: readonly string[];
}

/** Why a record of an input cannot be used. */
export interface RowError {
  /** The line of the file on which the record begins, from 1. */
  readonly line: number;
  /** The column at fault; null where it is the record as a whole. */
  readonly column: string | null;
  readonly reason: string;
  /** What to do about it, as a sentence. */
  readonly fix: string;
}

/** A record that cannot be a task. */
export interface BadRow extends RowError {
  readonly type: 'bad';
  /** Counts as in `InputRow`. */
  readonly row: number;
}

/** The image in the file that a row names, as bare base64, or why it is not sent. */
export type ImageRead = Result<string, Pick<RowError, 'reason' | 'fix'>>;

/** Where the tasks of a batch come from. Throws `UsageError` for an input that cannot be used at all. */
export interface TaskSource {
  /** True where the input can be read again from its beginning: a file, not a pipe. */
  readonly isRepeatable: boolean;
  /** The names of the columns, mapped, in their order; for JSON Lines those of the first record. */
  columns(): Promise<readonly string[]>;
  /** All records in their order. A source that is not repeatable can be read once. */
  records(): AsyncIterable<InputRow | BadRow>;
}

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

/** How far a task had come when its journal was last written. */
export type TaskProgress =
  | OpenProgress
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

/** One URL of an input; lines count from 1. */
export interface UrlLine {
  readonly line: number;
  /** Without blanks around it. */
  readonly text: string;
  /** Why the input holds no URL here, as a phrase; null where it holds a text. */
  readonly fault: string | null;
}

/** URLs in the order of an input, those that came together in one batch. */
export interface UrlSource {
  /** Throws `UsageError` for an input that cannot be used. */
  readonly batches: AsyncIterable<readonly UrlLine[]>;
  /** Gives the input back, at its end or before. */
  readonly close: () => Promise<void>;
}
