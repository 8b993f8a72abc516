import { UsageError } from '../../../domain/usage-error.ts';
import { columnsOfHeader } from './column-names.ts';
import { checkHeader, csvBatches, isDeclaration } from './csv-batches.ts';
import { faultOfCsvRecord } from './csv-fault.ts';
import type { CsvRecord } from './csv-reader.ts';
import type { InputRecord, RecordStream } from './input-record.ts';

export interface CsvOptions {
  readonly delimiter: string;
  /** From the name in the input to the name that the column is to have. */
  readonly columnNames: Readonly<Record<string, string>>;
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
  const batches = csvBatches(chunks, options.delimiter);
  let start: readonly CsvRecord[] = [];
  while (start.length === 0) {
    const next = await batches.next();
    if (next.done === true) throw new UsageError('the input is empty', 'its first line names the columns');
    start = next.value.filter((record) => !isDeclaration(record, options.delimiter) && !isBlank(record));
  }
  const [header, ...first] = start;
  if (header !== undefined) checkHeader(header);
  const columns = header === undefined ? [] : columnsOfHeader(header, options.columnNames);
  async function* rest(): AsyncGenerator<readonly InputRecord[]> {
    yield first.map((record) => toRecord(record, columns));
    for await (const records of batches) {
      yield records.filter((record) => !isBlank(record)).map((record) => toRecord(record, columns));
    }
  }
  return { columns, batches: rest() };
}
