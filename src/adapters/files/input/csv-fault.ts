import type { CsvRecord } from './csv-reader.ts';
import { mostRecordBytes, type BadRecord } from './input-record.ts';
import type { QuoteFault } from './quote-fault.ts';

type Fault = Omit<BadRecord, 'line'>;

/** What each breach of the rules for quotes is, and what to do about it. */
export const quoteFaults: Readonly<Record<QuoteFault['kind'], Pick<BadRecord, 'reason' | 'fix'>>> = {
  'blank-before': {
    reason: 'a quote opens after a blank',
    fix: 'Remove the blank between the delimiter and the quote.',
  },
  'text-after': {
    reason: 'text follows the quote that closes the field',
    fix: 'Close the quote at the end of the field, and write a quote inside quotes as "".',
  },
  unclosed: {
    reason: 'the quote that opens is never closed',
    fix: 'Close it, and write a quote inside quotes as "".',
  },
};

/** Which column holds most of a record. */
function widestColumn(fields: readonly string[], columns: readonly string[]): string | null {
  const lengths = fields.map((field) => field.length);
  return columns[lengths.indexOf(Math.max(...lengths))] ?? null;
}

function tooLarge({ fields, bytes }: CsvRecord, columns: readonly string[]): Fault {
  const reason = `the record has ${bytes} bytes; the most is ${mostRecordBytes}`;
  const fix = 'Hand a large image over as a file, in the column `file`.';
  return { isGood: false, column: widestColumn(fields, columns), reason, fix };
}

function fixOfLength({ fields, line, lastLine }: CsvRecord, columns: readonly string[]): string {
  if (lastLine > line) return 'Check the quotes: an open one takes the following lines along.';
  return fields.length > columns.length
    ? 'Put quotes around a value that contains the delimiter.'
    : 'Write a delimiter for every column, empty ones too.';
}

function wrongLength(record: CsvRecord, columns: readonly string[]): Fault {
  const { fields, line, lastLine } = record;
  const count = `${fields.length} ${fields.length === 1 ? 'field' : 'fields'}`;
  const span = lastLine > line ? `, read from lines ${line} to ${lastLine}` : '';
  const reason = `${count} where the header has ${columns.length}${span}`;
  return { isGood: false, column: null, reason, fix: fixOfLength(record, columns) };
}

/** Why a record of a CSV cannot be read under its header; null where it can. */
export function faultOfCsvRecord(record: CsvRecord, columns: readonly string[]): Fault | null {
  const { fields, fault, bytes } = record;
  if (fault !== null) return { isGood: false, column: columns[fault.field] ?? null, ...quoteFaults[fault.kind] };
  if (bytes > mostRecordBytes) return tooLarge(record, columns);
  return fields.length === columns.length ? null : wrongLength(record, columns);
}
