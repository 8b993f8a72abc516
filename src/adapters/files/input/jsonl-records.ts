import { UsageError } from '../../../domain/errors.ts';
import type { RowError } from '../../../ports/files.ts';
import { checkNeededColumns, findDuplicate, type HeaderOptions, mappedName } from './column-names.ts';
import { type GoodRecord, type InputRecord, maxRecordBytes, type RecordStream } from './input-rows.ts';

/** Names and values as text, in order. */
export interface FlatObject {
  readonly names: readonly string[];
  readonly values: readonly string[];
  /** The names with boolean values; their text is `true` or `false`. */
  readonly booleans: readonly string[];
}

const plainValue = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;
const blanks = /[ \t\r\n]*/y;

/** Parses a text from left to right. A failed read returns null and does not move the position. */
class Walk {
  readonly #text: string;
  readonly #line: number;
  #at = 0;

  constructor(text: string, line: number) {
    this.#text = text;
    this.#line = line;
  }

  /** The next non-blank character; empty at the end. */
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

  /** A number or boolean as written; empty text for null. */
  plain(): string | null {
    plainValue.lastIndex = this.#at;
    const written = plainValue.exec(this.#text)?.[0];
    if (written === undefined) return null;
    this.#at += written.length;
    return written === 'null' ? '' : written;
  }

  /** What was expected here, in the value of `name` where that was read. It says nothing of the text, which may hold a secret. */
  expected(what: string, name: string | null = null): RowError {
    const reason = `not JSON: ${what} expected at column ${this.#at + 1}`;
    return { line: this.#line, column: name, reason, fix: 'Write one complete object per line.' };
  }

  nested(name: string): RowError {
    const reason = 'the value is an object or an array';
    return { line: this.#line, column: name, reason, fix: 'Write it as text: "{\\"a\\": 1}".' };
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
  readonly isBoolean: boolean;
}

function readMember(walk: Walk): Member | RowError {
  const name = walk.string();
  if (name === null) return walk.expected('a name in double quotes');
  if (!walk.accept(':')) return walk.expected(':', name);
  const next = walk.peek();
  if (next === '{' || next === '[') return walk.nested(name);
  const value = next === '"' ? walk.string() : walk.plain();
  return value === null
    ? walk.expected('a complete value', name)
    : { name, value, isBoolean: next === 't' || next === 'f' };
}

/**
 * Parses one JSON object with strings, numbers, booleans or nulls as values. Numbers keep their digits, unlike with
 * `JSON.parse`; null becomes empty text.
 */
function parseFlatObject(text: string, line: number): FlatObject | RowError {
  const walk = new Walk(text, line);
  const names: string[] = [];
  const values: string[] = [];
  const booleans: string[] = [];
  if (!walk.accept('{')) return walk.expected('an object');
  if (walk.peek() !== '}') {
    do {
      const member = readMember(walk);
      if ('reason' in member) return member;
      names.push(member.name);
      values.push(member.value);
      if (member.isBoolean) booleans.push(member.name);
    } while (walk.accept(','));
  }
  if (!walk.accept('}')) return walk.expected(', or }');
  return walk.peek() === '' ? { names, values, booleans } : walk.expected('the end of the line');
}

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

function toRecord({ line, text, bytes }: TextLine, map: NameMap): InputRecord {
  if (text === null) {
    const reason = `the line has ${bytes} bytes; the maximum is ${maxRecordBytes}`;
    return { line, column: null, reason, fix: 'Pass a large image as a file, in the column `file`.' };
  }
  const found = parseFlatObject(text, line);
  if ('reason' in found) return found;
  const columns = found.names.map((name) => mappedName(name, map));
  if (columns.includes(''))
    return { line, column: null, reason: 'a name is empty', fix: 'Name the value, or remove it.' };
  const twice = findDuplicate(columns);
  if (twice !== null)
    return { line, column: twice, reason: 'the name occurs twice', fix: 'Keep one of the two values.' };
  const booleans = found.booleans.map((name) => mappedName(name, map));
  return { line, columns, values: found.values, ...(booleans.length > 0 && { booleans }) };
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
  if (first === undefined || !('reason' in first))
    return new UsageError('the input is empty', 'write one JSON object per line');
  return new UsageError(`no line is valid JSON; line ${first.line}: ${first.reason}`, first.fix);
}

/**
 * Reads JSON Lines up to the first record, which names the columns. Throws `UsageError` for a missing or invalid first
 * record.
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
    first = start.slice(0, maxBadLines).find((record): record is GoodRecord => !('reason' in record));
  }
  if (!hasMethod) checkNeededColumns(first.columns, first.line);
  async function* all(): AsyncGenerator<readonly InputRecord[]> {
    yield start;
    yield* batches;
  }
  return { columns: first.columns, layout: null, batches: all() };
}
