import type { OpenProgress } from '../domain/queued-task.ts';
import type { Result } from '../domain/result.ts';
import type { Awaitable } from './system.ts';

/** One record of a batch's input. */
export interface InputRow {
  readonly type: 'row';
  /** Number of the record from 1, without the header. */
  readonly row: number;
  /** The first line of the record in the file, from 1. */
  readonly line: number;
  /** Identifies the record by its content and, among records of equal content, its occurrence: 32 hex digits. */
  readonly key: string;
  /** All columns of the record in order, unchanged; names are already mapped. */
  readonly values: Readonly<Record<string, string>>;
  /** Columns whose JSON value is no text, such as a number; their values are as written, and null is empty. */
  readonly literals?: readonly string[];
}

/** Why a record of an input cannot be used. */
export interface RowError {
  /** The line of the file on which the record begins, from 1. */
  readonly line: number;
  /** The invalid column; null if the whole record is invalid. */
  readonly column: string | null;
  readonly reason: string;
  /** The fix, as a sentence. */
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

/** How a CSV file is written, apart from its columns. */
export interface CsvLayout {
  readonly delimiter: string;
  /** True if the file begins with a byte order mark, or needs one to be read as UTF-8 by the same program. */
  readonly hasMark: boolean;
  readonly lineEnd: '\n' | '\r\n';
}

/** The source of a batch's tasks. Throws `UsageError` for an unusable input. */
export interface TaskSource {
  /** True if the input can be read again from the start: a file, not a pipe. */
  readonly isRepeatable: boolean;
  /** The column names after mapping, in order; for JSON Lines those of the first record. */
  columns(): Promise<readonly string[]>;
  /** The layout of a CSV; null for JSON Lines. */
  layout(): Promise<CsvLayout | null>;
  /** All records in order. Can be called only once if the source is not repeatable. */
  records(): AsyncIterable<InputRow | BadRow>;
}

/**
 * Records the steps of an attempt durably before the next step, so that a crash neither loses a solution nor pays
 * twice.
 */
export interface AttemptJournal {
  /**
   * Called before the submission is sent: from now on it may have been paid for. `wasInDoubt`: an earlier one may have
   * been paid for too, according to the row of a finished task that starts over. For unfinished tasks the journal knows
   * this itself.
   */
  intend(taskKey: string, attempt: number, wasInDoubt?: boolean): Awaitable<void>;
  /** The submission was refused, so nothing was paid. Need not be durable at once. */
  refused(taskKey: string): Awaitable<void>;
  /** Called before the first poll, with the accepted id. `submittedAt` in epoch ms. */
  submitted(taskKey: string, captchaId: string, submittedAt: number): Awaitable<void>;
}

/** A task's progress at the last write of its journal. */
export type TaskProgress =
  | OpenProgress
  /** The task has its row. `expiresAt` in epoch ms; null if it does not expire. */
  | { readonly state: 'solved'; readonly expiresAt: number | null }
  | { readonly state: 'failed' };

/** The complete output row of a finished task. */
export interface FinishedTask {
  readonly key: string;
  readonly status: 'solved' | 'failed';
  readonly expiresAt: number | null;
  /** Values by column, as they will be written. */
  readonly values: Readonly<Record<string, string>>;
}

/** The record of a batch's payments and results. Everything is durable when its promise resolves. */
export interface TaskJournal extends AttemptJournal {
  progressOf(key: string): TaskProgress;
  /** Called before the task is sent to a queue: from now on a worker may pay for it. */
  queued(key: string): Promise<void>;
  /** True if the task was sent to a queue after its latest row. */
  wasQueued(key: string): boolean;
  /** Called before the row is written. */
  finished(task: FinishedTask): Promise<void>;
  /** The latest rows of all finished tasks, one per task, in the order of finishing. */
  finishedTasks(): AsyncIterable<FinishedTask>;
  /** The latest row of a finished task; null if it has none. */
  rowOf(key: string): Promise<FinishedTask | null>;
  /** Writes pending records and releases the lock. */
  close(): Promise<void>;
}

/** One URL of an input; lines count from 1. */
export interface UrlLine {
  readonly line: number;
  /** Trimmed. */
  readonly text: string;
  /** Why the line contains no URL, as a phrase; null if it contains text. */
  readonly fault: string | null;
}

/** The URLs of an input in order, in batches as they arrive. */
export interface UrlSource {
  /** Throws `UsageError` for an unusable input. */
  readonly batches: AsyncIterable<readonly UrlLine[]>;
  /** Closes the input, at its end or earlier. */
  readonly close: () => Promise<void>;
}
