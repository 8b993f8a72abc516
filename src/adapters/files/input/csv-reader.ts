import { UsageError } from '../../../domain/usage-error.ts';
import { ByteTrail } from './byte-trail.ts';
import { blankLineBytes, countLines, endsWithLine, nextLine } from './line-ends.ts';
import { findQuoteFault, type QuoteFault } from './quote-fault.ts';
import { RecordParser, type Parsed, type ParsedFields } from './record-parser.ts';

/** One record of a CSV as it stands there; lines count from 1. */
export interface CsvRecord {
  readonly fields: readonly string[];
  readonly line: number;
  readonly lastLine: number;
  readonly bytes: number;
  readonly fault: QuoteFault | null;
}

/** After a fault the text is handed out in small pieces: most of it would be read in vain if the next line has one too. */
const cautiousBytes = 1024;
/** What is read twice at most, so that a line which has come is a record at once. */
const mostSettledBytes = 64 * 1024;

/** Whether a field may come from quotes that are not in order: the parser leaves those where they are. */
function hasLeadingQuote(field: string): boolean {
  const first = field.charCodeAt(0);
  return first === 34 || ((first === 32 || first === 9) && field.trimStart().startsWith('"'));
}

function pieces(bytes: Buffer): Buffer[] {
  const count = Math.ceil(bytes.length / cautiousBytes);
  return Array.from({ length: count }, (_, index) =>
    bytes.subarray(index * cautiousBytes, (index + 1) * cautiousBytes),
  );
}

/**
 * Reads the records of a CSV, each with its lines. A quote that opens and is not closed properly costs the line in which
 * it opens and not those that it would swallow: reading starts again behind that line.
 */
export class CsvReader {
  readonly #delimiter: string;
  /** As the bytes of its UTF-8 read as latin1: offsets in such a text are offsets of bytes. */
  readonly #delimiterBytes: string;
  readonly #trail = new ByteTrail();
  #parser: RecordParser;
  #parserStart = 0;
  #line = 1;
  #batch: CsvRecord[] = [];

  constructor(delimiter: string) {
    this.#delimiter = delimiter;
    this.#delimiterBytes = Buffer.from(delimiter).toString('latin1');
    this.#parser = new RecordParser(delimiter);
  }

  /** The records since it was asked last. */
  takeRecords(): readonly CsvRecord[] {
    const batch = this.#batch;
    this.#batch = [];
    return batch;
  }

  /** Throws `UsageError` where nothing more can be read; the records before that can still be taken. */
  async read(chunk: Buffer): Promise<void> {
    this.#trail.append(chunk);
    await this.#readPieces([chunk]);
    if (chunk.at(-1) === 10 && this.#trail.length <= mostSettledBytes) await this.#settle();
  }

  /** Nothing follows. Throws as `read` does. */
  async end(): Promise<void> {
    while (!this.#accept(await this.#parser.end())) await this.#readPieces(this.#startAgain());
  }

  /** The text ends with a line: unless it ends inside quotes, its last record is complete. */
  async #settle(): Promise<void> {
    const { records } = await this.#parser.end();
    this.#accept({ records, stop: null });
    await this.#readPieces(this.#startAgain());
  }

  async #readPieces(bytes: Buffer[]): Promise<void> {
    let queue = bytes;
    for (let piece = queue.shift(); piece !== undefined; piece = queue.shift()) {
      if (!this.#accept(await this.#parser.parse(piece))) queue = this.#startAgain();
    }
  }

  /** A new parser, and what it has to read: all that belongs to no record yet. */
  #startAgain(): Buffer[] {
    this.#parser = new RecordParser(this.#delimiter);
    this.#parserStart = this.#trail.start;
    return pieces(this.#trail.rest());
  }

  /** False where reading has to start again. */
  #accept({ records, stop }: Parsed): boolean {
    for (const record of records) if (!this.#acceptRecord(record)) return false;
    if (stop === null) return true;
    this.#giveUpLine(stop);
    return false;
  }

  #acceptRecord({ fields, end }: ParsedFields): boolean {
    const size = this.#parserStart + end - this.#trail.start;
    const fault = fields.some(hasLeadingQuote) ? this.#faultWithin(size) : null;
    const next = fault === null ? null : this.#lineAfter(fault, size);
    this.#push({ fields, fault }, next ?? size);
    return next === null;
  }

  #faultWithin(size: number): QuoteFault | null {
    return findQuoteFault(this.#trail.rest().toString('latin1', 0, size), this.#delimiterBytes);
  }

  /** Where the line of a quote ends before its fault, which is where what it swallowed begins; else null. */
  #lineAfter(fault: QuoteFault, size: number): number | null {
    const next = nextLine(this.#trail.rest().subarray(0, size), fault.opensAt);
    return next === null || next > fault.breaksAt ? null : next;
  }

  /** The parser has stopped inside a record. One that begins with a fault costs its line; else all that follows is lost. */
  #giveUpLine(stop: 'unclosed-quote' | 'too-long'): void {
    const rest = this.#trail.rest();
    const fault = this.#faultWithin(rest.length);
    if (fault !== null && fault.kind !== 'unclosed') {
      this.#push({ fields: [], fault }, nextLine(rest, fault.opensAt) ?? rest.length);
      return;
    }
    const line = this.#line + countLines(rest.subarray(0, fault?.opensAt ?? blankLineBytes(rest)));
    if (fault === null && stop === 'too-long') {
      throw new UsageError(`line ${line}: the record is longer than 16 MiB`, 'check the line ends and --delimiter');
    }
    const field = fault === null ? '' : ` in field ${fault.field + 1}`;
    throw new UsageError(`line ${line}: the quote that opens${field} is never closed`, 'close it, or double it as ""');
  }

  #push({ fields, fault }: Pick<CsvRecord, 'fields' | 'fault'>, size: number): void {
    const bytes = this.#trail.take(this.#trail.start + size);
    const blank = blankLineBytes(bytes);
    const line = this.#line + countLines(bytes.subarray(0, blank));
    this.#line += countLines(bytes);
    const lastLine = endsWithLine(bytes) ? this.#line - 1 : this.#line;
    this.#batch.push({ fields, fault, line, lastLine, bytes: bytes.length - blank });
  }
}
