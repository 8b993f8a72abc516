import { CsvError, Parser } from 'csv-parse';
import { UsageError } from '../../../domain/errors.ts';

/** An invalid quote in a record. Offsets are in bytes from the start of the record. */
export interface QuoteError {
  /**
   * `unclosed`: the text ends inside the quotes. `blank-before`: a blank precedes the quote, so it does not quote the
   * field.
   */
  readonly kind: 'unclosed' | 'text-after' | 'blank-before';
  /** Index of the field, from 0. */
  readonly field: number;
  readonly opensAt: number;
  /** Offset of the first unexpected character, or of the end. */
  readonly breaksAt: number;
}

/** The offset after the closing quote of the field that opens at `opensAt`; null if there is none. */
function behindClosingQuote(text: string, opensAt: number): number | null {
  let quote = text.indexOf('"', opensAt + 1);
  while (quote !== -1 && text[quote + 1] === '"') quote = text.indexOf('"', quote + 2);
  return quote === -1 ? null : quote + 1;
}

const lineEnd = /[\r\n]|$/g;

function endOfUnquoted(text: string, from: number, delimiter: string): number {
  lineEnd.lastIndex = from;
  const end = lineEnd.exec(text)?.index ?? text.length;
  const next = text.indexOf(delimiter, from);
  return next === -1 ? end : Math.min(next, end);
}

/** The first invalid quote of a record, or null. A quote in the middle of an unquoted field is plain text. */
function findQuoteError(text: string, delimiter: string): QuoteError | null {
  let start = /^[\r\n]*/.exec(text)?.[0].length ?? 0;
  for (let field = 0; ; field++) {
    const isQuoted = text[start] === '"';
    const end = isQuoted ? behindClosingQuote(text, start) : endOfUnquoted(text, start, delimiter);
    if (end === null) return { kind: 'unclosed', field, opensAt: start, breaksAt: text.length };
    if (!isQuoted && /^[ \t]+"/.test(text.slice(start, end))) {
      const opensAt = text.indexOf('"', start);
      return { kind: 'blank-before', field, opensAt, breaksAt: opensAt };
    }
    if (text.startsWith(delimiter, end)) start = end + delimiter.length;
    else if (end === text.length || text[end] === '\r' || text[end] === '\n') return null;
    else return { kind: 'text-after', field, opensAt: start, breaksAt: end };
  }
}

/** The bytes given to a parser that belong to no record yet. Offsets count from the start of the input. */
class OffsetIndex {
  #chunks: Buffer[] = [];
  #start = 0;
  #length = 0;

  /** The offset of the first stored byte. */
  get start(): number {
    return this.#start;
  }

  get length(): number {
    return this.#length;
  }

  append(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** Removes and returns the bytes before offset `end`. */
  take(end: number): Buffer {
    const size = end - this.#start;
    const bytes = this.#joined(size);
    const taken = bytes.subarray(0, size);
    this.#chunks[0] = bytes.subarray(size);
    this.#start = end;
    this.#length -= taken.length;
    return taken;
  }

  /** All stored bytes. */
  rest(): Buffer {
    return this.#joined(this.#length);
  }

  /** A chunk with at least `size` bytes; nearly always the first one is long enough. */
  #joined(size: number): Buffer {
    let [first = Buffer.alloc(0)] = this.#chunks;
    if (first.length < size) {
      first = Buffer.concat(this.#chunks);
      this.#chunks = [first];
    }
    return first;
  }
}

const [lf, cr] = [10, 13];

const isEnd = (byte: number | undefined): boolean => byte === lf || byte === cr;

/** The number of line ends in these bytes: CRLF, LF and CR count as one each. */
function countLines(bytes: Buffer): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] === lf || (bytes[at] === cr && bytes[at + 1] !== lf)) count++;
  }
  return count;
}

/** The length of the leading blank lines. */
function blankLineBytes(bytes: Buffer): number {
  let length = 0;
  while (isEnd(bytes[length])) length++;
  return length;
}

/** The offset after the end of the line that contains `from`; null if the line does not end. */
function nextLine(bytes: Buffer, from: number): number | null {
  for (let at = from; at < bytes.length; at++) {
    if (isEnd(bytes[at])) return bytes[at] === cr && bytes[at + 1] === lf ? at + 2 : at + 1;
  }
  return null;
}

/** True if the last byte ends a line. */
function endsWithLine(bytes: Buffer): boolean {
  return isEnd(bytes.at(-1));
}

/** The fields of one record, and its end offset from the first byte that its parser received. */
interface ParsedFields {
  readonly fields: readonly string[];
  readonly end: number;
}

/** The result of one piece of input. `stop`: why parsing stopped; the records before that are valid. */
interface Parsed {
  readonly records: readonly ParsedFields[];
  readonly stop: 'unclosed-quote' | 'too-long' | null;
}

/** The parser gives up above this size: an unclosed quote or another kind of file, not a real record. */
const maxParsedBytes = 16 * 1024 * 1024;

class Collector extends Parser {
  #collected: ParsedFields[] = [];

  constructor(delimiter: string) {
    super({
      delimiter,
      // All three must be named: otherwise the parser detects one of them and joins lines that end differently.
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_quotes: true,
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: maxParsedBytes,
    });
    // Errors reach the callback of the `write` or `end` that caused them.
    this.on('error', () => undefined);
  }

  /** Replaces the stream's queue: at this point the end offset of the record is still known. */
  override push(fields: string[] | null): boolean {
    if (fields !== null) this.#collected.push({ fields, end: this.info.bytes });
    return true;
  }

  collected(): readonly ParsedFields[] {
    const collected = this.#collected;
    this.#collected = [];
    return collected;
  }
}

/** Runs `csv-parse` piece by piece. Only its offsets are used, because it counts lines wrongly (CRLF inside quotes). */
class RecordParser {
  readonly #parser: Collector;

  constructor(delimiter: string) {
    this.#parser = new Collector(delimiter);
  }

  /** Parses a piece. The parser holds the last record back until three more bytes or the end arrive. */
  parse(piece: Buffer): Promise<Parsed> {
    return this.#outcomeOf((done) => this.#parser.write(piece, done));
  }

  /** Parses the end of the input. */
  end(): Promise<Parsed> {
    return this.#outcomeOf((done) => this.#parser.end(done));
  }

  #outcomeOf(act: (done: (error?: Error | null) => void) => unknown): Promise<Parsed> {
    return new Promise((resolve, reject) => {
      act((error) => {
        const records = this.#parser.collected();
        if (error === null || error === undefined) resolve({ records, stop: null });
        else if (!(error instanceof CsvError)) reject(error);
        else if (error.code === 'CSV_QUOTE_NOT_CLOSED') resolve({ records, stop: 'unclosed-quote' });
        else if (error.code === 'CSV_MAX_RECORD_SIZE') resolve({ records, stop: 'too-long' });
        else reject(error);
      });
    });
  }
}

/** One record of a CSV; lines count from 1. */
export interface CsvRecord {
  readonly fields: readonly string[];
  readonly line: number;
  readonly lastLine: number;
  readonly bytes: number;
  readonly fault: QuoteError | null;
}

/**
 * After an error the text is parsed in small pieces: if the next line has an error too, most of a large piece would be
 * parsed twice.
 */
const cautiousBytes = 1024;
/** Limit for parsing the rest again, which makes a complete line a record at once. */
const maxSettledBytes = 64 * 1024;

/** True if a field may have invalid quotes: the parser keeps those in the text. */
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
 * Reads the records of a CSV with their line numbers. A quote that is not closed properly invalidates only the line in
 * which it opens: reading restarts after that line.
 */
export class CsvReader {
  readonly #delimiter: string;
  /** The UTF-8 bytes read as latin1, so that offsets in the text are byte offsets. */
  readonly #delimiterBytes: string;
  readonly #offsets = new OffsetIndex();
  #parser: RecordParser;
  #parserStart = 0;
  #line = 1;
  #batch: CsvRecord[] = [];

  constructor(delimiter: string) {
    this.#delimiter = delimiter;
    this.#delimiterBytes = Buffer.from(delimiter).toString('latin1');
    this.#parser = new RecordParser(delimiter);
  }

  /** Returns the records since the last call. */
  takeRecords(): readonly CsvRecord[] {
    const batch = this.#batch;
    this.#batch = [];
    return batch;
  }

  /** Throws `UsageError` if the rest cannot be read; earlier records can still be taken. */
  async read(chunk: Buffer): Promise<void> {
    this.#offsets.append(chunk);
    await this.#readPieces([chunk]);
    if (chunk.at(-1) === 10 && this.#offsets.length <= maxSettledBytes) await this.#settle();
  }

  /** Reads the end of the input. Throws like `read`. */
  async end(): Promise<void> {
    while (!this.#accept(await this.#parser.end())) await this.#readPieces(this.#startAgain());
  }

  /** The text ends with a line end: unless that is inside quotes, the last record is complete. */
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

  /** Creates a new parser and returns its input: all bytes that belong to no record yet. */
  #startAgain(): Buffer[] {
    this.#parser = new RecordParser(this.#delimiter);
    this.#parserStart = this.#offsets.start;
    return pieces(this.#offsets.rest());
  }

  /** False if reading must restart. */
  #accept({ records, stop }: Parsed): boolean {
    for (const record of records) if (!this.#acceptRecord(record)) return false;
    if (stop === null) return true;
    this.#giveUpLine(stop);
    return false;
  }

  #acceptRecord({ fields, end }: ParsedFields): boolean {
    const size = this.#parserStart + end - this.#offsets.start;
    const fault = fields.some(hasLeadingQuote) ? this.#faultWithin(size) : null;
    const next = fault === null ? null : this.#lineAfter(fault, size);
    this.#push({ fields, fault }, next ?? size);
    return next === null;
  }

  #faultWithin(size: number): QuoteError | null {
    return findQuoteError(this.#offsets.rest().toString('latin1', 0, size), this.#delimiterBytes);
  }

  /** The offset after the line in which the quote opens, if the fault comes after that line; otherwise null. */
  #lineAfter(fault: QuoteError, size: number): number | null {
    const next = nextLine(this.#offsets.rest().subarray(0, size), fault.opensAt);
    return next === null || next > fault.breaksAt ? null : next;
  }

  /**
   * Handles a parser stop inside a record. If the record starts with a fault, only its line is lost; otherwise the rest
   * is unreadable.
   */
  #giveUpLine(stop: 'unclosed-quote' | 'too-long'): void {
    const rest = this.#offsets.rest();
    const fault = this.#faultWithin(rest.length);
    if (fault !== null && fault.kind !== 'unclosed') {
      this.#push({ fields: [], fault }, nextLine(rest, fault.opensAt) ?? rest.length);
      return;
    }
    const line = this.#line + countLines(rest.subarray(0, fault?.opensAt ?? blankLineBytes(rest)));
    if (fault === null && stop === 'too-long') {
      throw new UsageError(`line ${line}: the record is larger than 16 MiB`, 'check the line endings and --delimiter');
    }
    const field = fault === null ? '' : ` in field ${fault.field + 1}`;
    throw new UsageError(`line ${line}: the quote that opens${field} is never closed`, 'close it, or double it as ""');
  }

  #push({ fields, fault }: Pick<CsvRecord, 'fields' | 'fault'>, size: number): void {
    const bytes = this.#offsets.take(this.#offsets.start + size);
    const blank = blankLineBytes(bytes);
    const line = this.#line + countLines(bytes.subarray(0, blank));
    this.#line += countLines(bytes);
    const lastLine = endsWithLine(bytes) ? this.#line - 1 : this.#line;
    this.#batch.push({ fields, fault, line, lastLine, bytes: bytes.length - blank });
  }
}
