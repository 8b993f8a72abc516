import { CsvError, Parser } from 'csv-parse';

/** The fields of one record, and the offset behind it from the first byte that its parser was given. */
export interface ParsedFields {
  readonly fields: readonly string[];
  readonly end: number;
}

/** What one piece of input gave. `stop`: why nothing more can be read; the records before it are good. */
export interface Parsed {
  readonly records: readonly ParsedFields[];
  readonly stop: 'unclosed-quote' | 'too-long' | null;
}

/** Above it a parser gives up: nobody's record, but a quote that is not closed or another kind of file. */
const mostParsedBytes = 16 * 1024 * 1024;

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
      max_record_size: mostParsedBytes,
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
export class RecordParser {
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
