import { UsageError } from '../../../domain/errors.ts';
import { checkNeededColumns, findDuplicate, type HeaderOptions, mappedName } from './column-names.ts';
import { type BadRecord, type GoodRecord, type InputRecord, maxRecordBytes, type RecordStream } from './input-rows.ts';

/** Names and values as text, in their order. */
export interface FlatObject {
  readonly names: readonly string[];
  readonly values: readonly string[];
  /** The names whose values are booleans; their text is `true` or `false`. */
  readonly truths: readonly string[];
}

/** Where a text is not an object of plain values; it says nothing of the text itself, which may hold a secret. */
interface NotFlatObjectError {
  /** Counts characters from 1. */
  readonly column: number;
  /** The name whose value is at fault; null where it is something else. */
  readonly name: string | null;
  /** What was expected there; null where the value is an object or an array. */
  readonly expected: string | null;
}

const plainValue = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;
const blanks = /[ \t\r\n]*/y;

/** Reads a text from left to right. What cannot be read is null, and leaves the place as it is. */
class Walk {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next character that is not blank; empty at the end. */
  peek(): string {
    blanks.lastIndex = this.#at;
    this.#at += blanks.exec(this.#text)?.[0].length ?? 0;
    return this.#text.charAt(this.#at);
  }

  accept(mark: string): boolean {
    const isThere = this.peek() === mark;
    if (isThere) this.#at++;
    return isThere;
  }

  string(): string | null {
    if (this.peek() !== '"') return null;
    let end = this.#text.indexOf('"', this.#at + 1);
    while (end !== -1 && this.#isEscaped(end)) end = this.#text.indexOf('"', end + 1);
    const written = this.#text.slice(this.#at, end + 1);
    try {
      const value = JSON.parse(written) as string;
      this.#at = end + 1;
      return value;
    } catch {
      return null;
    }
  }

  /** A number or a boolean as it is written, and nothing for null. */
  plain(): string | null {
    plainValue.lastIndex = this.#at;
    const written = plainValue.exec(this.#text)?.[0];
    if (written === undefined) return null;
    this.#at += written.length;
    return written === 'null' ? '' : written;
  }

  fault(expected: string | null, name: string | null = null): NotFlatObjectError {
    return { column: this.#at + 1, name, expected };
  }

  #isEscaped(quote: number): boolean {
    let backslashes = 0;
    while (this.#text[quote - 1 - backslashes] === '\\') backslashes++;
    return backslashes % 2 === 1;
  }
}

interface Member {
  readonly name: string;
  readonly value: string;
  readonly isTruth: boolean;
}

function readMember(walk: Walk): Member | NotFlatObjectError {
  const name = walk.string();
  if (name === null) return walk.fault('a name in double quotes');
  if (!walk.accept(':')) return walk.fault(':', name);
  const next = walk.peek();
  if (next === '{' || next === '[') return walk.fault(null, name);
  const value = next === '"' ? walk.string() : walk.plain();
  return value === null ? walk.fault('a complete value', name) : { name, value, isTruth: next === 't' || next === 'f' };
}

/**
 * Reads one JSON object whose values are strings, numbers, booleans or null. Numbers keep the digits with which they are
 * written, which `JSON.parse` would not do; null is empty text.
 */
function parseFlatObject(text: string): FlatObject | NotFlatObjectError {
  const walk = new Walk(text);
  const names: string[] = [];
  const values: string[] = [];
  const truths: string[] = [];
  if (!walk.accept('{')) return walk.fault('an object');
  if (walk.peek() !== '}') {
    do {
      const member = readMember(walk);
      if ('expected' in member) return member;
      names.push(member.name);
      values.push(member.value);
      if (member.isTruth) truths.push(member.name);
    } while (walk.accept(','));
  }
  if (!walk.accept('}')) return walk.fault(', or }');
  return walk.peek() === '' ? { names, values, truths } : walk.fault('the end of the line');
}

/** One line without its end. `text` is null where it was too long to be kept. */
interface TextLine {
  readonly line: number;
  readonly text: string | null;
  readonly bytes: number;
}

const lf = 10;

/** Cuts UTF-8 into lines, and keeps no more of one than a record may have. */
class LineReader {
  #parts: Buffer[] = [];
  #bytes = 0;
  #line = 1;

  /** The lines that end in the chunk. */
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

  /** What follows the last end of a line; null where nothing does. */
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

/** Among so many lines there must be a good one. */
const maxBadLines = 100;

type NameMap = Readonly<Record<string, string>>;

function bad(line: number, column: string | null, [reason, fix]: readonly [string, string]): BadRecord {
  return { isGood: false, line, column, reason, fix };
}

function notFlat(line: number, { column, name, expected }: NotFlatObjectError): BadRecord {
  return expected === null
    ? bad(line, name, ['the value is an object or an array', 'Write it as text: "{\\"a\\": 1}".'])
    : bad(line, name, [`not JSON: ${expected} expected at column ${column}`, 'Write one complete object per line.']);
}

function toRecord({ line, text, bytes }: TextLine, map: NameMap): InputRecord {
  if (text === null) {
    const fix = 'Pass a large image as a file, in the column `file`.';
    return bad(line, null, [`the line has ${bytes} bytes; the maximum is ${maxRecordBytes}`, fix]);
  }
  const found = parseFlatObject(text);
  if ('expected' in found) return notFlat(line, found);
  const columns = found.names.map((name) => mappedName(name, map));
  if (columns.includes('')) return bad(line, null, ['a name is empty', 'Name the value, or remove it.']);
  const twice = findDuplicate(columns);
  if (twice !== null) return bad(line, twice, ['the name occurs twice', 'Keep one of the two values.']);
  const truths = found.truths.map((name) => mappedName(name, map));
  return { isGood: true, line, columns, values: found.values, ...(truths.length > 0 && { truths }) };
}

async function* readBatches(chunks: AsyncIterable<Buffer>, map: NameMap): AsyncGenerator<readonly InputRecord[]> {
  const reader = new LineReader();
  const records = (lines: readonly TextLine[]): InputRecord[] =>
    lines.filter(({ text }) => text?.trim() !== '').map((line) => toRecord(line, map));
  for await (const chunk of chunks) yield records(reader.read(chunk));
  const last = reader.end();
  if (last !== null) yield records([last]);
}

function unusable(start: readonly InputRecord[]): UsageError {
  const [first] = start;
  if (first === undefined || first.isGood)
    return new UsageError('the input is empty', 'write one JSON object per line');
  return new UsageError(`no line is valid JSON; line ${first.line}: ${first.reason}`, first.fix);
}

/**
 * Reads JSON Lines up to the first record, which names the columns. Throws `UsageError` where there is none, or one
 * that cannot be a task.
 */
export async function readJsonLines(
  chunks: AsyncIterable<Buffer>,
  { columnNames, hasMethod = false }: HeaderOptions,
): Promise<RecordStream> {
  const batches = readBatches(chunks, columnNames);
  let start: readonly InputRecord[] = [];
  let first: GoodRecord | undefined;
  while (first === undefined) {
    const next = await batches.next();
    if (next.done === true || start.length >= maxBadLines) throw unusable(start);
    start = [...start, ...next.value];
    first = start.slice(0, maxBadLines).find((record) => record.isGood);
  }
  if (!hasMethod) checkNeededColumns(first.columns, first.line);
  async function* all(): AsyncGenerator<readonly InputRecord[]> {
    yield start;
    yield* batches;
  }
  return { columns: first.columns, batches: all() };
}
