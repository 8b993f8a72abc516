import { UsageError } from '../../../domain/usage-error.ts';
import { columnsOfHeader } from './column-names.ts';
import { faultOfCsvRecord, quoteFaults } from './csv-fault.ts';
import { CsvReader, type CsvRecord } from './csv-reader.ts';
import type { InputRecord, RecordStream } from './input-record.ts';

export interface CsvOptions {
  readonly delimiter: string;
  /** From the name in the input to the name that the column is to have. */
  readonly columnNames: Readonly<Record<string, string>>;
}

/** The records by chunk; those before an error come before it. */
async function* readBatches(chunks: AsyncIterable<Buffer>, delimiter: string): AsyncGenerator<readonly CsvRecord[]> {
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

/** Excel's line that names the delimiter. */
function isDeclaration({ fields, line }: CsvRecord, delimiter: string): boolean {
  return line === 1 && fields.length <= 2 && /^sep=.?$/i.test(fields.join(delimiter));
}

function columnsOf(header: CsvRecord, { columnNames }: CsvOptions): readonly string[] {
  if (header.fault === null) return columnsOfHeader(header, columnNames);
  const { reason, fix } = quoteFaults[header.fault.kind];
  throw new UsageError(`line ${header.line}, which names the columns: ${reason}`, fix);
}

/** A line of blanks only, which people do not see. */
function isBlank({ fields }: CsvRecord): boolean {
  const [first = '', ...others] = fields;
  return others.length === 0 && first !== '' && first.trim() === '';
}

function toRecord(record: CsvRecord, columns: readonly string[]): InputRecord {
  const { line, fields } = record;
  const fault = faultOfCsvRecord(record, columns);
  return fault === null ? { isGood: true, line, columns, values: fields } : { ...fault, line };
}

/** Reads a CSV up to its header. Throws `UsageError` where there is none, or one that cannot be used. */
export async function readCsv(chunks: AsyncIterable<Buffer>, options: CsvOptions): Promise<RecordStream> {
  const batches = readBatches(chunks, options.delimiter);
  let start: readonly CsvRecord[] = [];
  while (start.length === 0) {
    const next = await batches.next();
    if (next.done === true) throw new UsageError('the input is empty', 'its first line names the columns');
    start = next.value.filter((record) => !isDeclaration(record, options.delimiter) && !isBlank(record));
  }
  const [header, ...first] = start;
  const columns = header === undefined ? [] : columnsOf(header, options);
  async function* rest(): AsyncGenerator<readonly InputRecord[]> {
    yield first.map((record) => toRecord(record, columns));
    for await (const records of batches) {
      yield records.filter((record) => !isBlank(record)).map((record) => toRecord(record, columns));
    }
  }
  return { columns, batches: rest() };
}
