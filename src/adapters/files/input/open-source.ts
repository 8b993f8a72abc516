import { UsageError } from '../../../domain/errors.ts';
import type { BadRow, CsvLayout, InputRow, TaskSource } from '../../../ports/files.ts';
import { InputFile, type OpenBytes } from './input-file.ts';
import { inputRows, type Reading, type RecordStream } from './input-rows.ts';
import { givenDelimiter, type ReadOptions, readRecords } from './read-records.ts';
import { RowKeys } from './row-keys.ts';

export interface SourceOptions extends ReadOptions {
  /** `-` means standard input. */
  readonly path: string;
  readonly stdin: AsyncIterable<Uint8Array> & { readonly isTTY?: boolean };
  /** Columns, by their mapped names, that do not count when record contents are compared. */
  readonly ignoredForKey: ReadonlySet<string>;
  /** The column whose non-empty values must be unique; undefined for none. */
  readonly idColumn?: string;
}

const keysFor = ({ ignoredForKey, idColumn }: SourceOptions): RowKeys => new RowKeys(ignoredForKey, idColumn ?? null);

/** A file, read from the start every time. */
class FileSource implements TaskSource {
  readonly isRepeatable = true;
  readonly #file: InputFile;
  readonly #options: SourceOptions;
  #start: Promise<Omit<RecordStream, 'batches'>> | undefined;

  constructor(file: InputFile, options: SourceOptions) {
    this.#file = file;
    this.#options = options;
  }

  async columns(): Promise<readonly string[]> {
    return (await this.#readStart()).columns;
  }

  async layout(): Promise<CsvLayout | null> {
    return (await this.#readStart()).layout;
  }

  records(): AsyncIterable<InputRow | BadRow> {
    return inputRows(() => this.#open(), keysFor(this.#options));
  }

  #readStart(): Promise<Omit<RecordStream, 'batches'>> {
    if (this.#start !== undefined) return this.#start;
    const { stream, close } = this.#open();
    this.#start = stream.finally(close);
    return this.#start;
  }

  #open(): Reading {
    return readingOf(this.#file.open(), this.#options);
  }
}

/** A stream, read once. */
class StreamSource implements TaskSource {
  readonly isRepeatable = false;
  readonly #bytes: OpenBytes;
  readonly #options: SourceOptions;
  #reading: Reading | undefined;
  #isRead = false;

  constructor(bytes: OpenBytes, options: SourceOptions) {
    this.#bytes = bytes;
    this.#options = options;
  }

  async columns(): Promise<readonly string[]> {
    return (await this.#open().stream).columns;
  }

  async layout(): Promise<CsvLayout | null> {
    return (await this.#open().stream).layout;
  }

  records(): AsyncIterable<InputRow | BadRow> {
    if (this.#isRead) throw new Error('an input that is not repeatable can be read once');
    this.#isRead = true;
    return inputRows(() => this.#open(), keysFor(this.#options));
  }

  #open(): Reading {
    this.#reading ??= readingOf(this.#bytes, this.#options);
    return this.#reading;
  }
}

function readingOf({ chunks, close }: OpenBytes, options: SourceOptions): Reading {
  return { stream: readRecords(chunks, options), close };
}

function openStream(stream: AsyncIterable<Uint8Array>): OpenBytes {
  const iterator = stream[Symbol.asyncIterator]();
  return {
    chunks: { [Symbol.asyncIterator]: () => iterator },
    close: async () => {
      await iterator.return?.();
    },
  };
}

/**
 * Opens the tasks of a batch: a CSV or JSON Lines file, or standard input. Throws `UsageError` for invalid options and
 * a missing file; `columns` and `records` throw it for an invalid input.
 */
export function openSource(options: SourceOptions): TaskSource {
  const { path, stdin } = options;
  givenDelimiter(options);
  if (path !== '-') {
    const file = new InputFile(path);
    return file.isRepeatable ? new FileSource(file, options) : new StreamSource(file.open(), options);
  }
  if (stdin.isTTY !== true) return new StreamSource(openStream(stdin), options);
  throw new UsageError('- means standard input, but standard input is a terminal', 'pipe a file into the command');
}
