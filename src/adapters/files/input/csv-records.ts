import { UsageError } from '../../../domain/errors.ts';
import { foldedName } from '../../../domain/written-name.ts';
import type { CsvLayout, RowError } from '../../../ports/files.ts';
import { checkColumnCount, columnsOfHeader, type HeaderOptions } from './column-names.ts';
import { CsvReader, type CsvRecord, type QuoteError } from './csv-reader.ts';
import { type InputRecord, maxRecordBytes, type RecordStream } from './input-rows.ts';

/** Explanation and fix for each kind of invalid quote. */
const quoteErrors: Readonly<Record<QuoteError['kind'], Pick<RowError, 'reason' | 'fix'>>> = {
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

/** The column with the longest value of a record. */
function widestColumn(fields: readonly string[], columns: readonly string[]): string | null {
  let widest = 0;
  for (let index = 1; index < fields.length; index++) {
    if ((fields[index]?.length ?? 0) > (fields[widest]?.length ?? 0)) widest = index;
  }
  return columns[widest] ?? null;
}

function tooLarge({ fields, line, bytes }: CsvRecord, columns: readonly string[]): RowError {
  const reason = `the record has ${bytes} bytes; the maximum is ${maxRecordBytes}`;
  const fix = 'Pass a large image as a file, in the column `file`.';
  return { line, column: widestColumn(fields, columns), reason, fix };
}

function fixOfLength({ fields, line, lastLine }: CsvRecord, columns: readonly string[]): string {
  if (lastLine > line) return 'Check the quotes: an unclosed quote includes the following lines.';
  return fields.length > columns.length
    ? 'Put quotes around a value that contains the delimiter.'
    : 'Write a delimiter for every column, including empty ones.';
}

function wrongLength(record: CsvRecord, columns: readonly string[]): RowError {
  const { fields, line, lastLine } = record;
  const count = `${fields.length} ${fields.length === 1 ? 'field' : 'fields'}`;
  const span = lastLine > line ? `, read from lines ${line} to ${lastLine}` : '';
  const reason = `${count} where the header has ${columns.length}${span}`;
  return { line, column: null, reason, fix: fixOfLength(record, columns) };
}

/** Why a record does not match its header; null if it does. */
export function checkCsvRecord(record: CsvRecord, columns: readonly string[]): RowError | null {
  const { fields, line, fault, bytes } = record;
  if (fault !== null) return { line, column: columns[fault.field] ?? null, ...quoteErrors[fault.kind] };
  if (bytes > maxRecordBytes) return tooLarge(record, columns);
  return fields.length === columns.length ? null : wrongLength(record, columns);
}

/** Yields the records chunk by chunk, header included; records before an error are yielded first. */
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

/** True for Excel's `sep=` line, which names the delimiter above the header. */
export function isDeclaration({ fields, line }: CsvRecord, delimiter: string): boolean {
  return line === 1 && fields.length <= 2 && /^sep=.?$/i.test(fields.join(delimiter));
}

/** Throws `UsageError` for a truncated or wrongly quoted header. */
export function checkHeader({ fault, line }: CsvRecord): void {
  if (fault === null) return;
  const { reason, fix } = quoteErrors[fault.kind];
  throw new UsageError(`line ${line}, the header: ${reason}`, fix);
}

export interface CsvOptions extends HeaderOptions {
  readonly layout: CsvLayout;
}

interface Header {
  /** The names as written, trailing columns without a name included. */
  readonly names: readonly string[];
  /** The same, folded. */
  readonly folded: ReadonlySet<string>;
  /** Longer fields are no names, however they are written: folding every field would take long. */
  readonly maxNameLength: number;
  readonly columns: readonly string[];
}

/** A line of blanks only, which looks empty. */
function isBlank({ fields }: CsvRecord): boolean {
  const [first = ''] = fields;
  return fields.length === 1 && first !== '' && first.trim() === '';
}

/** Removes empty trailing cells whose columns have no name. */
function withoutUnnamed(record: CsvRecord, { names, columns }: Header): CsvRecord {
  const { fields } = record;
  const isLonger = fields.length > columns.length && fields.length <= names.length;
  if (!isLonger || fields.slice(columns.length).some((field) => field.trim() !== '')) return record;
  return { ...record, fields: fields.slice(0, columns.length) };
}

const headerAgain = { column: null, reason: 'the line repeats the header', fix: 'Remove the line.' } as const;

/** The quotes of a field are text where a byte order mark precedes them. */
const markAndQuotes = /^\uFEFF"(.*)"$/;

/** True if all fields are names of the header, in any order and spelling. */
function isHeader({ fields }: CsvRecord, { names, folded, maxNameLength }: Header): boolean {
  if (fields.length !== names.length || fields[0]?.trim() === '') return false;
  if (fields.some((field) => field.length > maxNameLength)) return false;
  // Nearly all records differ in the first field.
  return fields.every((field) => folded.has(foldedName(field.replace(markAndQuotes, '$1'))));
}

function toRecord(read: CsvRecord, header: Header): InputRecord {
  const { columns } = header;
  // A line of delimiters only counts as empty, whatever their number.
  if (read.fault === null && read.fields.length !== columns.length && read.fields.every((each) => each.trim() === '')) {
    return { line: read.line, columns, values: columns.map(() => '') };
  }
  const record = withoutUnnamed(read, header);
  const { line, fields } = record;
  const error = checkCsvRecord(record, columns) ?? (isHeader(read, header) ? { line, ...headerAgain } : null);
  return error ?? { line, columns, values: fields };
}

/** Reads a CSV up to its header. Throws `UsageError` for a missing or invalid header. */
export async function readCsv(chunks: AsyncIterable<Buffer>, options: CsvOptions): Promise<RecordStream> {
  const { layout } = options;
  const batches = csvBatches(chunks, layout.delimiter);
  let start: readonly CsvRecord[] = [];
  while (start.length === 0) {
    const next = await batches.next();
    if (next.done === true) throw new UsageError('the input is empty', 'the first line must name the columns');
    start = next.value.filter((record) => !isDeclaration(record, layout.delimiter) && !isBlank(record));
  }
  const [first, ...others] = start;
  if (first !== undefined) {
    checkColumnCount(first.fields.length, first.line);
    checkHeader(first);
  }
  const names = first?.fields.map((field) => field.trim()) ?? [];
  const header: Header = {
    names,
    folded: new Set(names.map(foldedName)),
    maxNameLength: 2 * names.reduce((most, { length }) => Math.max(most, length), 5),
    columns: first === undefined ? [] : columnsOfHeader(first, options),
  };
  async function* rest(): AsyncGenerator<readonly InputRecord[]> {
    yield others.map((record) => toRecord(record, header));
    for await (const records of batches) {
      yield records.filter((record) => !isBlank(record)).map((record) => toRecord(record, header));
    }
  }
  return { columns: header.columns, layout, batches: rest() };
}
