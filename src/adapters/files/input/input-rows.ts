import type { BadRow, CsvLayout, InputRow, RowError } from '../../../ports/files.ts';
import type { RowKeys } from './row-keys.ts';

/** Size limit of a record in bytes: large enough for a photographed CAPTCHA as base64. */
export const maxRecordBytes = 4 * 1024 * 1024;

/** A parsed record; its values are in the order of `columns`. */
export interface GoodRecord {
  readonly line: number;
  readonly columns: readonly string[];
  readonly values: readonly string[];
  /** Columns whose JSON value is no text. */
  readonly literals?: readonly string[];
}

export type InputRecord = GoodRecord | RowError;

/** An input with known columns. Its records come in batches, to await once for many records. */
export interface RecordStream {
  readonly columns: readonly string[];
  /** Null for JSON Lines. */
  readonly layout: CsvLayout | null;
  readonly batches: AsyncIterable<readonly InputRecord[]>;
}

/** One pass over an input. */
export interface Reading {
  readonly stream: Promise<RecordStream>;
  /** Closes the input, at its end or earlier. */
  readonly close: () => Promise<void>;
}

/** Without `Object.prototype`: a column may be named `__proto__`, and a missing `constructor` must be missing. */
const bareObject = Object.freeze(Object.create(null) as object);

const nul = '\0';
const undecodable = '\uFFFD';

const untextual = {
  [nul]: { reason: 'the value contains a NUL character', fix: 'Remove it.' },
  // The input is valid in its encoding, so the character was written by the program that saved it.
  [undecodable]: {
    reason: 'the value contains the character U+FFFD, which stands for text that was lost when the file was saved',
    fix: 'Export the data again, as UTF-8.',
  },
} as const;

/** The first value that is not text, as an invalid row; null if all are text. */
function untextualValue({ line, columns, values }: GoodRecord, row: number): BadRow | null {
  for (let index = 0; index < values.length; index++) {
    const value = values[index] ?? '';
    const found = value.includes(nul) ? nul : value.includes(undecodable) ? undecodable : null;
    if (found !== null) return { type: 'bad', row, line, column: columns[index] ?? null, ...untextual[found] };
  }
  return null;
}

function valuesOf({ columns, values }: GoodRecord): Readonly<Record<string, string>> {
  const row = Object.create(bareObject) as Record<string, string>;
  for (let index = 0; index < columns.length; index++) row[columns[index] ?? ''] = values[index] ?? '';
  return row;
}

function toRow(record: InputRecord, row: number, keys: RowKeys): InputRow | BadRow {
  if ('reason' in record) return { type: 'bad', row, ...record };
  const bad = untextualValue(record, row);
  if (bad !== null) return bad;
  const key = keys.keyOf(record.columns, record.values);
  const { line, literals } = record;
  return { type: 'row', row, line, key, values: valuesOf(record), ...(literals !== undefined && { literals }) };
}

/** Numbers the records of an input and adds a key to every good one. */
export async function* inputRows(open: () => Reading, keys: RowKeys): AsyncGenerator<InputRow | BadRow> {
  const reading = open();
  let row = 0;
  try {
    for await (const records of (await reading.stream).batches) {
      for (const record of records) yield toRow(record, ++row, keys);
    }
  } finally {
    await reading.close();
  }
}
