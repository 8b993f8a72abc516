import { extname } from 'node:path';
import { UsageError } from '../../../domain/errors.ts';
import { checkNamed, type HeaderOptions } from './column-names.ts';
import { readCsv } from './csv-records.ts';
import { utf8Chunks } from './encoding.ts';
import type { RecordStream } from './input-rows.ts';
import { readJsonLines } from './jsonl-records.ts';
import { Peekable } from './peekable.ts';

const candidates = [',', ';', '\t', '|'] as const;
const maxRecords = 50;

/** The line with which Excel is told the delimiter, above the header. */
const declaration = /^sep=(.)[\r\n]/i;

/** The texts of records, blank lines left out: line ends inside quotes do not end them. The last one may be cut off. */
function recordsIn(text: string): string[] {
  const records = text.match(/(?:"[^"]*(?:"|$)|[^"\r\n]+)+/g) ?? [];
  return records.filter((record) => record.trim() !== '');
}

function countOutsideQuotes(record: string, candidate: string): number {
  return record.replace(/"[^"]*(?:"|$)/g, '').split(candidate).length - 1;
}

/** The candidate that occurs as often in most of the records as in the first one; the more frequent one of equals. */
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
 * What separates the fields of a CSV: `,` `;` tab or `|`. `head` is its beginning, `isAll` that nothing will be added to
 * it. Null where more of the text is needed: where the header is not complete, or has several of them.
 */
export function sniffDelimiter(head: string, isAll: boolean): string | null {
  const declared = declaration.exec(head)?.[1];
  if (declared !== undefined) return declared;
  const records = recordsIn(head).slice(0, maxRecords);
  const [header = ''] = records;
  const found = candidates.filter((candidate) => countOutsideQuotes(header, candidate) > 0);
  if (isAll) return mostConsistent(found, records);
  const endsInside = head.trimStart().length <= header.length;
  return endsInside || found.length > 1 ? null : (found[0] ?? ',');
}

/** How an input is to be read. */
export interface ReadOptions extends HeaderOptions {
  /** For its extension. */
  readonly path: string;
  /** Null: by the extension of the file, else by its first character. */
  readonly format: 'csv' | 'jsonl' | null;
  /** One character, or `\t` spelled out; null: the one that the header uses. */
  readonly delimiter: string | null;
  /** As `TextDecoder` takes it; null: by the first bytes, else UTF-8. */
  readonly encoding: string | null;
  /** Columns that somebody named with --keep and --send: a CSV must have them. */
  readonly kept?: readonly string[];
  readonly sent?: readonly string[];
}

/** So much is looked at to tell the delimiter. */
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

/** The delimiter that the options ask for; null where they do not. Throws `UsageError` for what cannot be one. */
export function givenDelimiter({ delimiter, path }: Pick<ReadOptions, 'delimiter' | 'path'>): string | null {
  if (delimiter === null) return extensionOf(path) === '.tsv' ? '\t' : null;
  const character = delimiter === '\\t' ? '\t' : delimiter;
  if (/^[^"\r\n]$/u.test(character)) return character;
  throw new UsageError('--delimiter must be one character', "such as ';' or '\\t', but not a quote or a line end");
}

/** The text that is looked at: the same whatever the chunks in which it arrives. */
const sniffedText = (bytes: Buffer): string => bytes.toString('utf8', 0, maxSniffedBytes);

async function sniffedDelimiter(text: Peekable): Promise<string> {
  const isEnough = (bytes: Buffer): boolean =>
    bytes.length >= maxSniffedBytes || (bytes.length > 0 && sniffDelimiter(sniffedText(bytes), false) !== null);
  const head = sniffedText(await text.peek(isEnough));
  return sniffDelimiter(head, false) ?? sniffDelimiter(head, true) ?? ',';
}

/** Reads an input up to where its columns are known. Throws `UsageError` for one that cannot be used. */
export async function readRecords(chunks: AsyncIterable<Uint8Array>, options: ReadOptions): Promise<RecordStream> {
  const { path, encoding, kept = [], sent = [] } = options;
  const text = new Peekable(utf8Chunks(new Peekable(chunks), encoding));
  const format = options.format ?? formats[extensionOf(path)] ?? (await sniffFormat(text));
  if (format === 'jsonl') return readJsonLines(text, options);
  const delimiter = givenDelimiter(options) ?? (await sniffedDelimiter(text));
  const records = await readCsv(text, { ...options, delimiter });
  checkNamed(records.columns, '--keep', kept);
  checkNamed(records.columns, '--send', sent);
  return records;
}
