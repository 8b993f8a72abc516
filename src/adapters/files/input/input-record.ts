/** What a record may weigh, in bytes: a photographed CAPTCHA as base64 goes through. */
export const mostRecordBytes = 4 * 1024 * 1024;

/** A record as it was read: its values stand in the order of `columns`. */
export interface GoodRecord {
  readonly isGood: true;
  readonly line: number;
  readonly columns: readonly string[];
  readonly values: readonly string[];
  /** Columns whose value is a boolean of JSON. */
  readonly truths?: readonly string[];
}

/** A record that could not be read; see `BadRow`. */
export interface BadRecord {
  readonly isGood: false;
  readonly line: number;
  readonly column: string | null;
  readonly reason: string;
  readonly fix: string;
}

export type InputRecord = GoodRecord | BadRecord;

/** An input whose columns are known. Its records come in batches: one pause for many records. */
export interface RecordStream {
  readonly columns: readonly string[];
  readonly batches: AsyncIterable<readonly InputRecord[]>;
}
