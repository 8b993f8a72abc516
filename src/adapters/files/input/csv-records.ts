import { UsageError } from '../../../domain/errors.ts';
import { columnsOfHeader, type HeaderOptions } from './column-names.ts';
import { CsvReader, type CsvRecord, type QuoteError } from './csv-reader.ts';
import { type BadRecord, type InputRecord, maxRecordBytes, type RecordStream } from './input-rows.ts';

type Fault = Omit<BadRecord, 'line'>;

/** What each breach of the rules for quotes is, and what to do about it. */
const quoteErrors: Readonly<Record<QuoteError['kind'], Pick<BadRecord, 'reason' | 'fix'>>> = {
  'blank-before': {
    reason: 'a quote opens after a space',
    fix: 'Remove the space between the delimiter and the quote.',
  },
  'text-after': {
    reason: 'text follows the closing quote of a field',
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
  const reason = `the record has ${bytes} bytes; the maximum is ${maxRecordBytes}`;
  const fix = 'Pass a large image as a file, in the column `file`.';
  return { isGood: false, column: widestColumn(fields, columns), reason, fix };
}

function fixOfLength({ fields, line, lastLine }: CsvRecord, columns: readonly string[]): string {
  if (lastLine > line) return 'Check the quotes: an unclosed quote includes the following lines.';
  return fields.length > columns.length
    ? 'Put quotes around a value that contains the delimiter.'
    : 'Write a delimiter for every column, including empty ones.';
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
  if (fault !== null) return { isGood: false, column: columns[fault.field] ?? null, ...quoteErrors[fault.kind] };
  if (bytes > maxRecordBytes) return tooLarge(record, columns);
  return fields.length === columns.length ? null : wrongLength(record, columns);
}

/** The records by chunk, the header among them; those before an error come before it. */
export async function* csvBatches(
  chunks: AsyncIterable<Buffer>,
  delimiter: string,
): AsyncGenerator<readonly CsvRecord[]> {
  const reader = new CsvReader(delimiter);
  for await (const chunk of chunks) {
    try {
      await reader.read(chunk);
    } finally {
      yield reader.takeRecords();
    }
  }
  try {
    await reader.end();
  } finally {
    yield reader.takeRecords();
  }
}

/** Excel's line that names the delimiter, before the header. */
export function isDeclaration({ fields, line }: CsvRecord, delimiter: string): boolean {
  return line === 1 && fields.length <= 2 && /^sep=.?$/i.test(fields.join(delimiter));
}

/** Throws `UsageError` for a header that is cut off or quoted wrongly. */
export function checkHeader({ fault, line }: CsvRecord): void {
  if (fault === null) return;
  const { reason, fix } = quoteErrors[fault.kind];
  throw new UsageError(`line ${line}, the header: ${reason}`, fix);
}

export interface CsvOptions extends HeaderOptions {
  readonly delimiter: string;
}

interface Header {
  /** The names as written; columns without one are at the end. */
  readonly names: readonly string[];
  readonly columns: readonly string[];
}

/** A line of blanks only, which people do not see. */
function isBlank({ fields }: CsvRecord): boolean {
  const [first = '', ...others] = fields;
  return others.length === 0 && first !== '' && first.trim() === '';
}

/** The record without its cells under no name, whose columns are passed over where nothing stands in them. */
function withoutUnnamed(record: CsvRecord, { names, columns }: Header): CsvRecord {
  const { fields } = record;
  const isLonger = fields.length > columns.length && fields.length <= names.length;
  if (!isLonger || fields.slice(columns.length).some((field) => field.trim() !== '')) return record;
  return { ...record, fields: fields.slice(0, columns.length) };
}

const headerAgain = {
  isGood: false,
  column: null,
  reason: 'the line repeats the header',
  fix: 'Remove the line.',
} as const;

function isHeader({ fields }: CsvRecord, { names }: Header): boolean {
  // Most records differ in the first field.
  if (fields.length !== names.length || fields[0]?.trim() !== names[0]) return false;
  return fields.every((field, index) => field.trim() === names[index]);
}

function toRecord(read: CsvRecord, header: Header): InputRecord {
  const { columns } = header;
  // However many delimiters stand in it, nothing else does.
  if (read.fault === null && read.fields.length !== columns.length && read.fields.every((each) => each.trim() === '')) {
    return { isGood: true, line: read.line, columns, values: columns.map(() => '') };
  }
  const record = withoutUnnamed(read, header);
  const { line, fields } = record;
  const fault = faultOfCsvRecord(record, columns) ?? (isHeader(read, header) ? headerAgain : null);
  return fault === null ? { isGood: true, line, columns, values: fields } : { ...fault, line };
}

/** Reads a CSV up to its header. Throws `UsageError` where there is none, or one that cannot be used. */
export async function readCsv(chunks: AsyncIterable<Buffer>, options: CsvOptions): Promise<RecordStream> {
  const batches = csvBatches(chunks, options.delimiter);
  let start: readonly CsvRecord[] = [];
  while (start.length === 0) {
    const next = await batches.next();
    if (next.done === true) throw new UsageError('the input is empty', 'the first line must name the columns');
    start = next.value.filter((record) => !isDeclaration(record, options.delimiter) && !isBlank(record));
  }
  const [first, ...others] = start;
  if (first !== undefined) checkHeader(first);
  const header: Header = {
    names: first?.fields.map((field) => field.trim()) ?? [],
    columns: first === undefined ? [] : columnsOfHeader(first, options),
  };
  async function* rest(): AsyncGenerator<readonly InputRecord[]> {
    yield others.map((record) => toRecord(record, header));
    for await (const records of batches) {
      yield records.filter((record) => !isBlank(record)).map((record) => toRecord(record, header));
    }
  }
  return { columns: header.columns, batches: rest() };
}
