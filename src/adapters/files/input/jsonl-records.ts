import { UsageError } from '../../../domain/usage-error.ts';
import { checkNeededColumns, findDuplicate, type HeaderOptions, mappedName } from './column-names.ts';
import { parseFlatObject, type NotFlat } from './flat-object.ts';
import {
  mostRecordBytes,
  type BadRecord,
  type GoodRecord,
  type InputRecord,
  type RecordStream,
} from './input-record.ts';
import { LineReader, type TextLine } from './json-lines.ts';

/** Among so many lines there must be a good one. */
const mostBadLines = 100;

type NameMap = Readonly<Record<string, string>>;

function bad(line: number, column: string | null, [reason, fix]: readonly [string, string]): BadRecord {
  return { isGood: false, line, column, reason, fix };
}

function notFlat(line: number, { column, name, expected }: NotFlat): BadRecord {
  return expected === null
    ? bad(line, name, ['the value is an object or an array', 'Write it as text: "{\\"a\\": 1}".'])
    : bad(line, name, [`not JSON: ${expected} expected at column ${column}`, 'Write one complete object per line.']);
}

function toRecord({ line, text, bytes }: TextLine, map: NameMap): InputRecord {
  if (text === null) {
    const fix = 'Hand a large image over as a file, in the column `file`.';
    return bad(line, null, [`the line has ${bytes} bytes; the most is ${mostRecordBytes}`, fix]);
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
  if (first === undefined || first.isGood) return new UsageError('the input is empty', 'write one object per line');
  return new UsageError(`no line can be read; line ${first.line}: ${first.reason}`, first.fix);
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
    if (next.done === true || start.length >= mostBadLines) throw unusable(start);
    start = [...start, ...next.value];
    first = start.slice(0, mostBadLines).find((record) => record.isGood);
  }
  if (!hasMethod) checkNeededColumns(first.columns, first.line);
  async function* all(): AsyncGenerator<readonly InputRecord[]> {
    yield start;
    yield* batches;
  }
  return { columns: first.columns, batches: all() };
}
