import type { RowSink } from '../core/batch/batch-plan.ts';
import type { CsvLayout, FinishedTask, ImageRead, TaskJournal, TaskSource } from '../ports/files.ts';

export interface InputRequest {
  /** A file, or `-` for standard input. */
  readonly path: string;
  readonly delimiter: string | null;
  readonly encoding: string | null;
  /** From the name in the input to the name that is meant. */
  readonly columnNames: Readonly<Record<string, string>>;
  /** Columns that are to be carried through, and such that are to be sent: a CSV must have them. */
  readonly kept: readonly string[];
  readonly sent: readonly string[];
  /** Whether rows without a method have one all the same. */
  readonly hasMethod: boolean;
  /** Whether a column is copied and never sent: in JSON Lines it may hold objects and arrays. */
  readonly isCarried: (column: string) => boolean;
}

export interface OutputRequest {
  /** A file, or `-` for standard output. */
  readonly path: string;
  readonly format: 'csv' | 'jsonl';
  readonly columns: readonly string[];
  /** Columns of the input that are only carried through. */
  readonly carried?: readonly string[];
  /** Of a CSV; left out, commas and line feeds. An ending `.tsv` means tabs in any case. */
  readonly layout?: CsvLayout;
}

/** What an output may take the place of. */
export interface ReplacementRules {
  /** The journal whose lock is held: no other run with it writes this output now. Null where there is none. */
  readonly journal: string | null;
  /** Anything, nothing, or a file of rows with these columns (and an empty file). */
  readonly replaces: 'anything' | 'nothing' | readonly string[];
}

/** One file of a run. */
export interface NamedFile {
  /** What it is to the person, such as `--out`. */
  readonly what: string;
  readonly path: string;
  /** `read` is never written. An output and a journal have further files next to them. */
  readonly use: 'read' | 'output' | 'journal';
}

export interface JournalRequest {
  readonly path: string;
  /** Whose it must be; null takes any. `accountId` tells accounts apart without telling the key. */
  readonly account: { readonly baseUrl: string; readonly accountId: string } | null;
  readonly columns: readonly string[];
  readonly columnNames: Readonly<Record<string, string>>;
  /** What is read or sent of the input's columns, and under which name. */
  readonly used: Readonly<Record<string, string>>;
  /** Who solves the tasks; null takes what the journal says. */
  readonly via: 'direct' | 'queues' | null;
  /** True if the service that gave the ids in the journal is gone: their submissions are in doubt. */
  readonly idsAreGone: boolean;
  /** Continues a journal that was written with another API key. */
  readonly sameAccount: boolean;
  /** Starts over; an existing journal is renamed. */
  readonly fresh: boolean;
  /** Done, under its lock, when a journal is about to be made, while the one before it is still in force. */
  readonly beforeMade: () => Promise<void>;
}

export interface OpenBatchJournal extends TaskJournal {
  /** Where a fresh start keeps the journal that was there before; null where there was none. */
  readonly keptAs: string | null;
  /** True where an earlier run wrote it. */
  readonly isResumed: boolean;
  /**
   * `run` names the run in the queues of the regions; left out where this machine solves the tasks. `used`: as in the
   * request; left out by versions that sent every other column.
   */
  readonly header: {
    readonly run?: string;
    readonly columns: readonly string[];
    readonly used?: Readonly<Record<string, string>>;
  };
  /** A number that grows with every row the task gets; 0 where it has none. */
  generationOf(key: string): number;
  /** Records that the run goes on with another API key of the account, by its account id. */
  continueWith(accountId: string): Promise<void>;
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

/** What a batch needs of the file system. Paths are as the person wrote them. */
export interface BatchFiles {
  openInput(request: InputRequest): TaskSource;
  /** Remembers texts; `addIfNew` is false for one that was met before. */
  distinctTexts(): { addIfNew(text: string): boolean };
  /** Bare base64, or why there is none; relative to the folder of `inputPath`. */
  readImage(path: string, inputPath: string): Promise<ImageRead>;
  /** The default journal of an input: in the state folder, named by the input's real path. Creates nothing. */
  stateJournal(inputPath: string): Promise<string>;
  /** A journal that is gone when the program ends. */
  temporaryJournal(): Promise<string>;
  /** Whether there is a file; devices and pipes are none, since nothing in them can be lost. */
  exists(path: string): Promise<boolean>;
  /** Whether there is a device, a pipe or an open stream, which is written to and never replaced. */
  isStream(path: string): Promise<boolean>;
  /**
   * Throws `UsageError`, naming both, where two files are one or one has a name that the other needs. The standard streams
   * are looked at, too: the input's where its path is `-`, the others always.
   */
  checkDistinct(files: readonly NamedFile[]): Promise<void>;
  /** Throws `UsageError` where the flag's file cannot be, and the system's error where it may not be written. */
  checkWritable(flag: string, path: string): Promise<void>;
  /** Keeps what is there under another name, which it answers, until it is replaced; null where nothing is. */
  moveAside(path: string): Promise<string | null>;
  openJournal(request: JournalRequest): Promise<OpenBatchJournal>;
  /** The latest rows of a journal, which a run may be writing. Throws `UsageError` for another file. */
  journalRows(path: string): AsyncIterable<FinishedTask>;
  /**
   * A file is replaced. Rows are whole: a crash leaves none by half. Throws `UsageError` for a file that may not be
   * replaced.
   */
  openOutput(request: OutputRequest, rules: ReplacementRules): Promise<OpenOutput>;
  /** Replaces the file of `--metrics` at once. Throws `UsageError` for a file with other content. */
  writeMetrics(path: string, text: string): Promise<void>;
  /** Throws `UsageError` for a CSV with other columns. */
  appendRows(request: OutputRequest): Promise<ResultRows>;
}
