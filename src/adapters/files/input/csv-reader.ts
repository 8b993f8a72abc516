import { CsvError, Parser } from 'csv-parse';
import { UsageError } from '../../../domain/errors.ts';

/** Where the quotes of a record break the rules of CSV. Offsets count from the beginning of the record. */
export interface QuoteError {
  /** `unclosed`: the text ends inside the quotes. `blank-before`: the quote opens after a blank and so opens nothing. */
  readonly kind: 'unclosed' | 'text-after' | 'blank-before';
  /** Of the field, from 0. */
  readonly field: number;
  readonly opensAt: number;
  /** Of the first character that should not be there, or of the end. */
  readonly breaksAt: number;
}

/** The offset behind the quote that closes the field which opens at `opensAt`; null where none does. */
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

/**
 * The first fault in the quotes of one record; null where there is none. A quote in the middle of an unquoted field is
 * text, as everywhere.
 */
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

/** The bytes that were handed to a parser and belong to no record yet. Offsets count from the beginning of the input. */
class OffsetIndex {
  #chunks: Buffer[] = [];
  #start = 0;
  #length = 0;

  /** The offset of the first byte that is kept. */
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

  /** The bytes before offset `end`, which are kept no longer. */
  take(end: number): Buffer {
    const size = end - this.#start;
    const bytes = this.#joined(size);
    const taken = bytes.subarray(0, size);
    this.#chunks[0] = bytes.subarray(size);
    this.#start = end;
    this.#length -= taken.length;
    return taken;
  }

  /** All bytes that are kept. */
  rest(): Buffer {
    return this.#joined(this.#length);
  }

  /** The first chunk, made long enough to hold `size` bytes: nearly always it is. */
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

/** How many lines end in these bytes; CRLF, LF and CR end one. */
function countLines(bytes: Buffer): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] === lf || (bytes[at] === cr && bytes[at + 1] !== lf)) count++;
  }
  return count;
}

/** The length of the blank lines with which these bytes begin. */
function blankLineBytes(bytes: Buffer): number {
  let length = 0;
  while (isEnd(bytes[length])) length++;
  return length;
}

/** The offset behind the end of the line in which `from` lies; null where that line does not end. */
function nextLine(bytes: Buffer, from: number): number | null {
  for (let at = from; at < bytes.length; at++) {
    if (isEnd(bytes[at])) return bytes[at] === cr && bytes[at + 1] === lf ? at + 2 : at + 1;
  }
  return null;
}

/** Whether the last byte ends a line. */
function endsWithLine(bytes: Buffer): boolean {
  return isEnd(bytes.at(-1));
}

/** The fields of one record, and the offset behind it from the first byte that its parser was given. */
interface ParsedFields {
  readonly fields: readonly string[];
  readonly end: number;
}

/** What one piece of input gave. `stop`: why nothing more can be read; the records before it are good. */
interface Parsed {
  readonly records: readonly ParsedFields[];
  readonly stop: 'unclosed-quote' | 'too-long' | null;
}

/** Above it a parser gives up: nobody's record, but a quote that is not closed or another kind of file. */
const maxParsedBytes = 16 * 1024 * 1024;

class Collector extends Parser {
  #collected: ParsedFields[] = [];

  constructor(delimiter: string) {
    super({
      delimiter,
      // All three: left to itself the parser knows one of them only, and reads a line with another end into its neighbour.
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_quotes: true,
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: maxParsedBytes,
    });
    // Every error is handed to the callback of the write or the end that caused it.
    this.on('error', () => undefined);
  }

  /** Instead of the stream's queue: here the end of the record is still known. */
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

/** `csv-parse`, piece by piece. It counts lines wrongly (CRLF inside quotes) and so is asked for offsets. */
class RecordParser {
  readonly #parser: Collector;

  constructor(delimiter: string) {
    this.#parser = new Collector(delimiter);
  }

  /** Reads on. The last record is out only when three more bytes, or the end, have come. */
  parse(piece: Buffer): Promise<Parsed> {
    return this.#outcomeOf((done) => this.#parser.write(piece, done));
  }

  /** Nothing follows. */
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

/** One record of a CSV as it stands there; lines count from 1. */
export interface CsvRecord {
  readonly fields: readonly string[];
  readonly line: number;
  readonly lastLine: number;
  readonly bytes: number;
  readonly fault: QuoteError | null;
}

/** After a fault the text is handed out in small pieces: most of it would be read in vain if the next line has one too. */
const cautiousBytes = 1024;
/** What is read twice at most, so that a line which has come is a record at once. */
const maxSettledBytes = 64 * 1024;

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

  /** The records since it was asked last. */
  takeRecords(): readonly CsvRecord[] {
    const batch = this.#batch;
    this.#batch = [];
    return batch;
  }

  /** Throws `UsageError` where nothing more can be read; the records before that can still be taken. */
  async read(chunk: Buffer): Promise<void> {
    this.#offsets.append(chunk);
    await this.#readPieces([chunk]);
    if (chunk.at(-1) === 10 && this.#offsets.length <= maxSettledBytes) await this.#settle();
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
    this.#parserStart = this.#offsets.start;
    return pieces(this.#offsets.rest());
  }

  /** False where reading has to start again. */
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

  /** Where the line of a quote ends before its fault, which is where what it swallowed begins; else null. */
  #lineAfter(fault: QuoteError, size: number): number | null {
    const next = nextLine(this.#offsets.rest().subarray(0, size), fault.opensAt);
    return next === null || next > fault.breaksAt ? null : next;
  }

  /** The parser has stopped inside a record. One that begins with a fault costs its line; else all that follows is lost. */
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
