import { extname } from 'node:path';
import { UsageError } from '../../../domain/errors.ts';
import { checkNamed, type HeaderOptions } from './column-names.ts';
import { readCsv } from './csv-records.ts';
import { inputEncoding, utf8Chunks } from './encoding.ts';
import type { RecordStream } from './input-rows.ts';
import { readJsonLines } from './jsonl-records.ts';
import { Peekable } from './peekable.ts';

const candidates = [',', ';', '\t', '|'] as const;
const maxRecords = 50;

/** Excel's delimiter line above the header. */
const declaration = /^(?:sep=(.)|"sep=(.)")[\r\n]/i;

/**
 * Splits a text into records without blank lines; line ends inside quotes are kept. The last record may be incomplete.
 */
function recordsIn(text: string): string[] {
  const records = text.match(/(?:"[^"]*(?:"|$)|[^"\r\n]+)+/g) ?? [];
  return records.filter((record) => record.trim() !== '');
}

function countOutsideQuotes(record: string, candidate: string): number {
  return record.replace(/"[^"]*(?:"|$)/g, '').split(candidate).length - 1;
}

/** The candidate with the same count in most records as in the first one; on a tie the more frequent one. */
function mostConsistent(found: readonly string[], records: readonly string[]): string {
  const [header = '', ...rest] = records;
  const scored = found.map((delimiter) => {
    const count = countOutsideQuotes(header, delimiter);
    return { delimiter, count, alike: rest.filter((record) => countOutsideQuotes(record, delimiter) === count).length };
  });
  scored.sort((a, b) => b.alike - a.alike || b.count - a.count);
  return scored[0]?.delimiter ?? ',';
}

/**
 * The delimiter of a CSV: `,` `;` tab or `|`. `head` is its beginning, and `isAll` is true if nothing follows. Null if
 * more text is needed: the header is incomplete, or contains several candidates.
 */
export function sniffDelimiter(head: string, isAll: boolean): string | null {
  const [, plain, quoted] = declaration.exec(head) ?? [];
  const declared = plain ?? quoted;
  if (declared !== undefined) return declared;
  const records = recordsIn(head).slice(0, maxRecords);
  const [header = ''] = records;
  const found = candidates.filter((candidate) => countOutsideQuotes(header, candidate) > 0);
  if (isAll) return mostConsistent(found, records);
  const endsInside = head.trimStart().length <= header.length;
  return endsInside || found.length > 1 ? null : (found[0] ?? ',');
}

/** How to read an input. */
export interface ReadOptions extends HeaderOptions {
  /** Its extension selects the format. */
  readonly path: string;
  /** Null: by the file's extension, else by its first character. */
  readonly format: 'csv' | 'jsonl' | null;
  /** One character, or a spelled-out `\t`; null: detected from the header. */
  readonly delimiter: string | null;
  /** A `TextDecoder` name; null: detected from the first bytes, else UTF-8. */
  readonly encoding: string | null;
  /** Columns named with --keep and --send: a CSV must have them. */
  readonly kept?: readonly string[];
  readonly sent?: readonly string[];
  /** Columns that do not count for the key of a row: a new result replaces them. */
  readonly ignoredForKey?: ReadonlySet<string>;
  /** True for columns that are copied and never sent: in JSON Lines they may hold objects and arrays. */
  readonly isCarried?: (column: string) => boolean;
}

/** Size of the text used to detect the delimiter. */
const maxSniffedBytes = 64 * 1024;

const formats: Readonly<Record<string, 'csv' | 'jsonl'>> = {
  '.csv': 'csv',
  '.tsv': 'csv',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
};

const extensionOf = (path: string): string => extname(path).toLowerCase();

async function sniffFormat(text: Peekable): Promise<'csv' | 'jsonl'> {
  const head = await text.peek((bytes) => bytes.toString().trim() !== '');
  const [first] = head.toString().trimStart();
  if (first !== '[') return first === '{' ? 'jsonl' : 'csv';
  throw new UsageError('the input is one JSON array', "JSON Lines has one object per line: jq -c '.[]' FILE");
}

/** The delimiter given by the options; null for none. Throws `UsageError` for an invalid one. */
export function givenDelimiter({ delimiter, path }: Pick<ReadOptions, 'delimiter' | 'path'>): string | null {
  if (delimiter === null) return extensionOf(path) === '.tsv' ? '\t' : null;
  const character = delimiter === '\\t' ? '\t' : delimiter;
  if (/^[^"\r\n]$/u.test(character)) return character;
  throw new UsageError('--delimiter must be one character', "such as ';' or '\\t', but not a quote or a line end");
}

/** The text used for detection; it does not depend on the chunk sizes. */
const sniffedText = (bytes: Buffer): string => bytes.toString('utf8', 0, maxSniffedBytes);

async function sniffedDelimiter(text: Peekable): Promise<string> {
  const isEnough = (bytes: Buffer): boolean =>
    bytes.length >= maxSniffedBytes || (bytes.length > 0 && sniffDelimiter(sniffedText(bytes), false) !== null);
  const head = sniffedText(await text.peek(isEnough));
  return sniffDelimiter(head, false) ?? sniffDelimiter(head, true) ?? ',';
}

async function firstLineEnd(text: Peekable): Promise<'\n' | '\r\n'> {
  const isEnough = (bytes: Buffer): boolean => bytes.length >= maxSniffedBytes || /\n|\r[^]/.test(sniffedText(bytes));
  return /[\r\n]+/.exec(sniffedText(await text.peek(isEnough)))?.[0].startsWith('\r\n') === true ? '\r\n' : '\n';
}

/** Reads an input until its columns are known. Throws `UsageError` for an invalid input. */
export async function readRecords(chunks: AsyncIterable<Uint8Array>, options: ReadOptions): Promise<RecordStream> {
  const { path, encoding, kept = [], sent = [] } = options;
  const bytes = new Peekable(chunks);
  const { name, markBytes } = await inputEncoding(bytes, encoding);
  const text = new Peekable(utf8Chunks(bytes, encoding));
  const format = options.format ?? formats[extensionOf(path)] ?? (await sniffFormat(text));
  if (format === 'jsonl') return readJsonLines(text, options);
  const delimiter = givenDelimiter(options) ?? (await sniffedDelimiter(text));
  // The output is UTF-8: a program that reads another encoding by default needs the mark.
  const layout = { delimiter, hasMark: markBytes > 0 || name !== 'utf-8', lineEnd: await firstLineEnd(text) };
  const records = await readCsv(text, { ...options, layout });
  checkNamed(records.columns, '--keep', kept);
  checkNamed(records.columns, '--send', sent);
  return records;
}
