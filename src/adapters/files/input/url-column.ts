import { UsageError } from '../../../domain/usage-error.ts';
import type { UrlLine } from '../../../ports/url-source.ts';
import { checkHeader, csvBatches, isDeclaration } from './csv-batches.ts';
import { faultOfCsvRecord } from './csv-fault.ts';
import type { CsvRecord } from './csv-reader.ts';
import type { Peekable } from './peekable.ts';
import { sniffDelimiter } from './sniff-delimiter.ts';

export interface UrlColumn {
  readonly name: string;
  /** One character; null: the one that the header uses. */
  readonly delimiter: string | null;
}

/** So much is looked at to tell the delimiter. */
const mostSniffedBytes = 64 * 1024;
const mostShown = 8;

const sniffedText = (bytes: Buffer): string => bytes.toString('utf8', 0, mostSniffedBytes);

async function sniffedDelimiter(text: Peekable): Promise<string> {
  const isEnough = (bytes: Buffer): boolean =>
    bytes.length >= mostSniffedBytes || (bytes.length > 0 && sniffDelimiter(sniffedText(bytes), false) !== null);
  const head = sniffedText(await text.peek(isEnough));
  return sniffDelimiter(head, false) ?? sniffDelimiter(head, true) ?? ',';
}

/** A line of blanks only, which people do not see. */
function isBlank({ fields, fault }: CsvRecord): boolean {
  return fault === null && fields.length <= 1 && (fields[0] ?? '').trim() === '';
}

const shownNames = (names: readonly string[]): string =>
  `${names
    .slice(0, mostShown)
    .map((name) => JSON.stringify(name))
    .join(', ')}${names.length > mostShown ? ', …' : ''}`;

/** Where in a record the URL stands. Throws `UsageError` where the header does not say so. */
function indexIn(header: CsvRecord, name: string): number {
  checkHeader(header);
  const names = header.fields.map((field) => field.trim());
  const index = names.indexOf(name);
  if (index === -1) throw new UsageError(`--column ${name}: there is no such column`, `there are ${shownNames(names)}`);
  if (names.lastIndexOf(name) === index) return index;
  throw new UsageError(`--column ${name}: there are two columns of this name`, 'rename one of them in the file');
}

function urlOf(record: CsvRecord, columns: readonly string[], index: number): UrlLine {
  const { line, fields } = record;
  const text = fields[index]?.trim() ?? '';
  const fault = faultOfCsvRecord(record, columns);
  if (fault !== null) return { line, text: '', fault: `${fault.reason}. ${fault.fix}` };
  return { line, text, fault: text === '' ? `the column ${columns[index]?.trim()} is empty` : null };
}

/** The URLs in one column of a CSV; blank lines hold none. Throws `UsageError` for an unusable input. */
export async function* urlColumn(text: Peekable, { name, delimiter }: UrlColumn): AsyncGenerator<readonly UrlLine[]> {
  let columns: readonly string[] | null = null;
  let index = -1;
  const separator = delimiter ?? (await sniffedDelimiter(text));
  for await (const batch of csvBatches(text, separator)) {
    let records = batch;
    if (columns === null) {
      const start = records.findIndex((record) => !isBlank(record) && !isDeclaration(record, separator));
      const header = records[start];
      if (header === undefined) continue;
      index = indexIn(header, name);
      columns = header.fields;
      records = records.slice(start + 1);
    }
    const names = columns;
    yield records.filter((record) => !isBlank(record)).map((record) => urlOf(record, names, index));
  }
}
