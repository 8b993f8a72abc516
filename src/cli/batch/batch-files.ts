import type { RowSink } from '../../core/batch/batch-item.ts';
import type { TaskJournal } from '../../ports/task-journal.ts';
import type { TaskSource } from '../../ports/task-source.ts';

export interface InputRequest {
  /** A file, or `-` for standard input. */
  readonly path: string;
  readonly delimiter: string | null;
  readonly encoding: string | null;
  /** From the name in the input to the name that is meant. */
  readonly columnNames: Readonly<Record<string, string>>;
  /** Columns that are to be carried through: a CSV must have them. */
  readonly kept: readonly string[];
}

export interface OutputRequest {
  /** A file, or `-` for standard output. */
  readonly path: string;
  readonly format: 'csv' | 'jsonl';
  readonly columns: readonly string[];
  /** Columns that are carried through and never sent; those that begin with `_` need not be named. */
  readonly kept?: readonly string[];
}

export interface JournalRequest {
  readonly path: string;
  /** Whose it must be; null takes any. `accountId` tells accounts apart without telling the key. */
  readonly account: { readonly baseUrl: string; readonly accountId: string } | null;
  readonly columns: readonly string[];
  readonly columnNames: Readonly<Record<string, string>>;
  /** Who solves the tasks; null takes what the journal says. */
  readonly via: 'direct' | 'queues' | null;
  /** Begins anew; a journal that is there is kept under another name. */
  readonly fresh: boolean;
}

export interface OpenBatchJournal extends TaskJournal {
  /** Where a fresh start keeps the journal that was there before; null where there was none. */
  readonly keptAs: string | null;
  /** True where an earlier run wrote it. */
  readonly isResumed: boolean;
  /** `run` names the run in the queues of the regions; left out where this machine solves the tasks. */
  readonly header: { readonly run?: string };
  /** A number that grows with every row the task gets; 0 where it has none. */
  generationOf(key: string): number;
  counts(): { readonly solved: number; readonly failed: number; readonly submitted: number; readonly inDoubt: number };
  hasKey(key: string): boolean;
}

export interface OpenOutput extends RowSink {
  /** From now on readers see this output, whole rows of it, instead of an earlier one. */
  publish(): Promise<void>;
  /** Writes what is outstanding. */
  close(): Promise<void>;
}

/** Rows that are added to what is there. */
export interface ResultRows {
  /** Resolves when they are where they belong, durable in a file. */
  write(rows: readonly Readonly<Record<string, string>>[]): Promise<void>;
  close(): Promise<void>;
}

/** What a row's file holds: bare base64, or why it is not sent and what to do about it, as a sentence. */
export type ImageRead = { readonly body: string } | { readonly reason: string; readonly fix: string };

/** What a batch needs of the file system. Paths are as the person wrote them. */
export interface BatchFiles {
  openInput(request: InputRequest): TaskSource;
  /** Remembers texts; `addIfNew` is false for one that was met before. */
  distinctTexts(): { addIfNew(text: string): boolean };
  /** Bare base64, or why there is none; relative to the folder of `inputPath`. */
  readImage(path: string, inputPath: string): Promise<ImageRead>;
  /** Where the journal of an input lies when nobody said: in the state folder, by the input's real path. */
  stateJournal(inputPath: string): Promise<string>;
  /** A journal that is gone when the program ends. */
  throwAwayJournal(): Promise<string>;
  /** Whether there is a file; devices and pipes are none, since nothing in them can be lost. */
  exists(path: string): Promise<boolean>;
  /** The one name of a file, whether it is there or not; null for a device or a pipe. */
  realNameOf(path: string): Promise<string | null>;
  /** Throws `UsageError` where the flag's file cannot be, and the system's error where it may not be written. */
  checkWritable(flag: string, path: string): Promise<void>;
  /** Renames what is there, so that a fresh run does not overwrite it; the new name, or null where nothing was. */
  setAside(path: string): Promise<string | null>;
  openJournal(request: JournalRequest): Promise<OpenBatchJournal>;
  /** A file is begun anew. Rows are whole: a crash leaves none by half. */
  openOutput(request: OutputRequest): Promise<OpenOutput>;
  /** Throws `UsageError` for a CSV with other columns. */
  appendRows(request: OutputRequest): Promise<ResultRows>;
}
