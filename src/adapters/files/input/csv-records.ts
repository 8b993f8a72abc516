import { UsageError } from '../../../domain/usage-error.ts';
import { columnsOfHeader, type HeaderOptions } from './column-names.ts';
import { checkHeader, csvBatches, isDeclaration } from './csv-batches.ts';
import { faultOfCsvRecord } from './csv-fault.ts';
import type { CsvRecord } from './csv-reader.ts';
import type { InputRecord, RecordStream } from './input-record.ts';

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

const headerAgain = { isGood: false, column: null, reason: 'it is the header again', fix: 'Remove the line.' } as const;

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
    if (next.done === true) throw new UsageError('the input is empty', 'its first line names the columns');
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
