import type { BadRow, InputRow } from '../../../ports/files.ts';
import type { RowKeys } from './row-keys.ts';

/** What a record may weigh, in bytes: a photographed CAPTCHA as base64 goes through. */
export const maxRecordBytes = 4 * 1024 * 1024;

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

/** One reading of an input. */
export interface Reading {
  readonly stream: Promise<RecordStream>;
  /** Gives the input back, at its end or before. */
  readonly close: () => Promise<void>;
}

/** Without `Object.prototype`: a column may be called `__proto__`, and an absent `constructor` is absent. */
const bareObject = Object.freeze(Object.create(null) as object);

const nul = '\0';
const undecodable = '\uFFFD';

const untextual = {
  [nul]: { reason: 'the value contains a NUL character', fix: 'Remove it.' },
  [undecodable]: {
    reason: 'the value is not valid text in this encoding',
    fix: 'Save the file as UTF-8, or set its encoding: --encoding windows-1252.',
  },
} as const;

/** The first value that is not text, as a bad row; null where all are. */
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
  const { line } = record;
  if (!record.isGood) {
    const { column, reason, fix } = record;
    return { type: 'bad', row, line, column, reason, fix };
  }
  const bad = untextualValue(record, row);
  if (bad !== null) return bad;
  const key = keys.keyOf(record.columns, record.values);
  const { truths } = record;
  return { type: 'row', row, line, key, values: valuesOf(record), ...(truths !== undefined && { truths }) };
}

/** Numbers the records of an input and gives every good one its key. */
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
