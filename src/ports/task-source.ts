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
  readonly truths?: readonly string[];
}

/** A record that cannot be a task. */
export interface BadRow {
  readonly type: 'bad';
  readonly row: number;
  readonly line: number;
  /** The column at fault; null where it is the record as a whole. */
  readonly column: string | null;
  readonly reason: string;
  /** What to do about it, as a sentence. */
  readonly fix: string;
}

/** Where the tasks of a batch come from. Throws `UsageError` for an input that cannot be used at all. */
export interface TaskSource {
  /** True where the input can be read again from its beginning: a file, not a pipe. */
  readonly isRepeatable: boolean;
  /** The names of the columns, mapped, in their order; for JSON Lines those of the first record. */
  columns(): Promise<readonly string[]>;
  /** All records in their order. A source that is not repeatable can be read once. */
  records(): AsyncIterable<InputRow | BadRow>;
}
