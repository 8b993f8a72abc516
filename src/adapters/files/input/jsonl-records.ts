import { UsageError } from '../../../domain/errors.ts';
import { type IsFree, isWrapper, parseFlatObject } from '../../../domain/flat-object.ts';
import { checkNeededColumns, findDuplicate, type HeaderOptions, mappedName, maxColumns } from './column-names.ts';
import { type GoodRecord, type InputRecord, maxRecordBytes, type RecordStream } from './input-rows.ts';

/** One line without its line end. `text` is null if it was too long. */
interface TextLine {
  readonly line: number;
  readonly text: string | null;
  readonly bytes: number;
}

const lf = 10;

/** Splits UTF-8 into lines, and stores no more of a line than a record may have. */
class LineReader {
  #parts: Buffer[] = [];
  #bytes = 0;
  #line = 1;

  /** The lines that end in this chunk. */
  read(chunk: Buffer): TextLine[] {
    const lines: TextLine[] = [];
    let start = 0;
    for (let end = chunk.indexOf(lf); end !== -1; end = chunk.indexOf(lf, start)) {
      this.#keep(chunk.subarray(start, end));
      lines.push(this.#take());
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
    return lines;
  }

  /** The text after the last line end; null if there is none. */
  end(): TextLine | null {
    return this.#bytes === 0 ? null : this.#take();
  }

  #keep(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#bytes > maxRecordBytes) this.#parts = [];
    else if (part.length > 0) this.#parts.push(part);
  }

  #take(): TextLine {
    const text = this.#bytes > maxRecordBytes ? null : Buffer.concat(this.#parts).toString();
    const taken = { line: this.#line, text, bytes: this.#bytes };
    this.#parts = [];
    this.#bytes = 0;
    this.#line++;
    return taken;
  }
}

/** This many bad lines at the start without a good one reject the input. */
const maxBadLines = 100;

type NameMap = Readonly<Record<string, string>>;

interface Names {
  readonly map: NameMap;
  /** True for columns that are copied or replaced, whatever they hold. */
  readonly isFree: IsFree;
}

function toRecord({ line, text, bytes }: TextLine, { map, isFree }: Names): InputRecord {
  if (text === null) {
    const reason = `the line has ${bytes} bytes; the maximum is ${maxRecordBytes}`;
    return { line, column: null, reason, fix: 'Pass a large image as a file, in the column `file`.' };
  }
  const parsed = parseFlatObject(text, isFree);
  if ('error' in parsed) {
    const { name, reason, fix } = parsed.error;
    return { line, column: name, reason, fix: fix.replace('object.', 'object per line.') };
  }
  const found = parsed.value;
  if (found.names.length > maxColumns) {
    const reason = `the object has ${found.names.length} names; the maximum is ${maxColumns}`;
    return { line, column: null, reason, fix: 'Leave out what no task needs.' };
  }
  const columns = found.names.map((name) => mappedName(name, map));
  if (columns.includes(''))
    return { line, column: null, reason: 'a name is empty', fix: 'Name the value, or remove it.' };
  const twice = findDuplicate(columns);
  if (twice !== null)
    return { line, column: twice, reason: 'the name occurs twice', fix: 'Keep one of the two values.' };
  const literals = found.literals.map((name) => mappedName(name, map));
  return { line, columns, values: found.values, ...(literals.length > 0 && { literals }) };
}

async function* readBatches(chunks: AsyncIterable<Buffer>, names: Names): AsyncGenerator<readonly InputRecord[]> {
  const reader = new LineReader();
  const records = (lines: readonly TextLine[]): InputRecord[] =>
    lines.filter(({ text }) => text?.trim() !== '').map((line) => toRecord(line, names));
  for await (const chunk of chunks) yield records(reader.read(chunk));
  const last = reader.end();
  if (last !== null) yield records([last]);
}

function unusable(start: readonly InputRecord[]): UsageError {
  const [first] = start;
  if (first === undefined || !('reason' in first))
    return new UsageError('the input is empty', 'write one JSON object per line');
  return new UsageError(`no line is valid JSON; line ${first.line}: ${first.reason}`, first.fix);
}

export interface JsonLinesOptions extends HeaderOptions {
  /** Columns named with --keep. */
  readonly kept?: readonly string[];
  /** Columns of an earlier output, which the next one replaces. */
  readonly ignoredForKey?: ReadonlySet<string>;
  /** True for a column, by its mapped name, that is copied to the output and never sent. Left out, none is. */
  readonly isCarried?: (column: string) => boolean;
}

/**
 * Reads JSON Lines up to the first record, which names the columns. Throws `UsageError` for a missing or invalid first
 * record.
 */
export async function readJsonLines(
  chunks: AsyncIterable<Buffer>,
  { columnNames, hasMethod = false, kept = [], ignoredForKey = new Set(), isCarried = () => false }: JsonLinesOptions,
): Promise<RecordStream> {
  const isChosen = (name: string): boolean => name.startsWith('_') || ignoredForKey.has(name) || kept.includes(name);
  const isFree = (name: string): boolean =>
    isChosen(name) || (!isWrapper(name) && isCarried(mappedName(name, columnNames)));
  const batches = readBatches(chunks, { map: columnNames, isFree });
  let start: readonly InputRecord[] = [];
  let first: GoodRecord | undefined;
  while (first === undefined) {
    const next = await batches.next();
    if (next.done === true || start.length >= maxBadLines) throw unusable(start);
    start = [...start, ...next.value];
    first = start.slice(0, maxBadLines).find((record): record is GoodRecord => !('reason' in record));
  }
  if (!hasMethod) checkNeededColumns(first.columns, first.line);
  async function* all(): AsyncGenerator<readonly InputRecord[]> {
    yield start;
    yield* batches;
  }
  return { columns: first.columns, layout: null, batches: all() };
}
