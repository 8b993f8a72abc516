import { UsageError } from '../../../domain/errors.ts';
import type { UrlLine, UrlSource } from '../../../ports/files.ts';
import type { CsvRecord } from './csv-reader.ts';
import { checkCsvRecord, checkHeader, csvBatches, isDeclaration } from './csv-records.ts';
import { utf8Chunks } from './encoding.ts';
import { InputFile, type OpenBytes } from './input-file.ts';
import { Peekable } from './peekable.ts';
import { givenDelimiter, sniffDelimiter } from './read-records.ts';

export interface UrlColumn {
  readonly name: string;
  /** One character; null: detected from the header. */
  readonly delimiter: string | null;
}

/** Size of the text used to detect the delimiter. */
const maxSniffedBytes = 64 * 1024;
const maxShown = 8;

const sniffedText = (bytes: Buffer): string => bytes.toString('utf8', 0, maxSniffedBytes);

async function sniffedDelimiter(text: Peekable): Promise<string> {
  const isEnough = (bytes: Buffer): boolean =>
    bytes.length >= maxSniffedBytes || (bytes.length > 0 && sniffDelimiter(sniffedText(bytes), false) !== null);
  const head = sniffedText(await text.peek(isEnough));
  return sniffDelimiter(head, false) ?? sniffDelimiter(head, true) ?? ',';
}

/** A line of blanks only, which looks empty. */
function isBlank({ fields, fault }: CsvRecord): boolean {
  return fault === null && fields.length <= 1 && (fields[0] ?? '').trim() === '';
}

const shownNames = (names: readonly string[]): string =>
  `${names
    .slice(0, maxShown)
    .map((name) => JSON.stringify(name))
    .join(', ')}${names.length > maxShown ? ', …' : ''}`;

/** The index of the URL column. Throws `UsageError` if the header does not have it. */
function indexIn(header: CsvRecord, name: string): number {
  checkHeader(header);
  const names = header.fields.map((field) => field.trim());
  const index = names.indexOf(name);
  if (index === -1) throw new UsageError(`--column ${name}: unknown column`, `found ${shownNames(names)}`);
  if (names.lastIndexOf(name) === index) return index;
  throw new UsageError(`--column ${name}: duplicate column name`, 'rename one of them in the file');
}

function urlOf(record: CsvRecord, columns: readonly string[], index: number): UrlLine {
  const { line, fields } = record;
  const text = fields[index]?.trim() ?? '';
  const error = checkCsvRecord(record, columns);
  if (error !== null) return { line, text: '', fault: `${error.reason}. ${error.fix}` };
  return { line, text, fault: text === '' ? `the column ${columns[index]?.trim()} is empty` : null };
}

/** Yields the URLs in one column of a CSV; blank lines are skipped. Throws `UsageError` for an unusable input. */
async function* urlColumn(text: Peekable, { name, delimiter }: UrlColumn): AsyncGenerator<readonly UrlLine[]> {
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

const [lf, cr] = [10, 13];
/** A longer line is not a URL but another kind of file. */
const maxLineBytes = 1024 * 1024;
const tooLong = `the line is larger than ${maxLineBytes / 1024 / 1024} MiB`;

/** A regular expression is slower than a plain text, and most files have no CR. */
const linesIn = (text: string): readonly string[] => (text.includes('\r') ? text.split(/\r\n?|\n/) : text.split('\n'));

/** Splits UTF-8 into lines. It converts whole chunks to text: a buffer per line would cost more than its URL. */
class LineCutter {
  #line = 0;
  /** The start of an incomplete line; empty if it is too long. */
  #kept: Buffer[] = [];
  #keptBytes = 0;
  /** True if a CR was the last byte: an LF after it belongs to the same line end. */
  #endsInCr = false;

  /** The URLs of the lines that end in this chunk. */
  cut(chunk: Buffer): readonly UrlLine[] {
    const bytes = this.#endsInCr && chunk[0] === lf ? chunk.subarray(1) : chunk;
    this.#endsInCr = chunk.at(-1) === cr;
    const end = Math.max(bytes.lastIndexOf(lf), bytes.lastIndexOf(cr));
    if (end === -1) {
      this.#keep(bytes);
      return [];
    }
    // The text excludes its last line end, which for a CRLF has two bytes.
    const isCrLf = bytes[end] === lf && bytes[end - 1] === cr;
    const lines = linesIn(this.#textTo(bytes.subarray(0, isCrLf ? end - 1 : end)));
    this.#keep(bytes.subarray(end + 1));
    return this.#urlsOn(lines);
  }

  /** The URLs after the last line end. */
  end(): readonly UrlLine[] {
    return this.#urlsOn([this.#textTo(Buffer.alloc(0))]);
  }

  #keep(part: Buffer): void {
    this.#keptBytes += part.length;
    if (this.#keptBytes > maxLineBytes) this.#kept = [];
    else if (part.length > 0) this.#kept.push(part);
  }

  /** The stored bytes and these as text; a line that was too long is replaced by a NUL, which no URL contains. */
  #textTo(bytes: Buffer): string {
    const isTooLong = this.#keptBytes > maxLineBytes;
    const text = this.#kept.length === 0 ? bytes.toString() : Buffer.concat([...this.#kept, bytes]).toString();
    this.#kept = [];
    this.#keptBytes = 0;
    return isTooLong ? text.replace(/^[^\r\n]*/, '\0') : text;
  }

  #urlsOn(lines: readonly string[]): readonly UrlLine[] {
    const urls: UrlLine[] = [];
    for (const each of lines) {
      this.#line += 1;
      const text = each.trim();
      if (text === '' || text.startsWith('#')) continue;
      if (text === '\0') urls.push({ line: this.#line, text: '', fault: tooLong });
      else urls.push({ line: this.#line, text, fault: null });
    }
    return urls;
  }
}

/**
 * Yields the URLs of a UTF-8 text with one per line (LF, CRLF or CR); blank lines and lines starting with `#` are
 * skipped.
 */
async function* urlLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<readonly UrlLine[]> {
  const cutter = new LineCutter();
  for await (const chunk of chunks) yield cutter.cut(chunk);
  yield cutter.end();
}

export interface UrlOptions {
  /** A file, or `-` for standard input. */
  readonly path: string;
  /** The CSV column with the URLs; null for one URL per line. */
  readonly column: string | null;
  /** One character, or a spelled-out `\t`; null: detected from the header. */
  readonly delimiter: string | null;
  /** A `TextDecoder` name; null: detected from the first bytes, else UTF-8. */
  readonly encoding: string | null;
  readonly stdin: AsyncIterable<Uint8Array> & { readonly isTTY?: boolean; destroy(): unknown };
}

function openBytes({ path, stdin }: UrlOptions): OpenBytes {
  if (path !== '-') return new InputFile(path).open();
  if (stdin.isTTY === true) {
    throw new UsageError('- means standard input, but standard input is a terminal', 'pipe a file into the command');
  }
  // The stream may never end: a stopped run does not wait for its writer.
  return { chunks: stdin, close: async () => void stdin.destroy() };
}

/** Opens the URLs of a file or of standard input. Throws `UsageError` for a missing or unreadable input. */
export function openUrls(options: UrlOptions): UrlSource {
  const { column, encoding } = options;
  const delimiter = givenDelimiter(options);
  const { chunks, close } = openBytes(options);
  const text = new Peekable(utf8Chunks(new Peekable(chunks), encoding));
  const batches: AsyncIterable<readonly UrlLine[]> =
    column === null ? urlLines(text) : urlColumn(text, { name: column, delimiter });
  return { batches, close };
}
