import { UsageError } from '../../domain/errors.ts';
import type { UrlSource } from '../../ports/files.ts';
import type { RouteFlags } from './flags.ts';

/** Which URLs are to be read. */
export interface UrlRequest {
  /** A file, or `-` for standard input. */
  readonly path: string;
  /** The column that holds them; null where the input is one URL a line. */
  readonly column: string | null;
  /** One character, or `\t` spelled out; null: the one that the header uses. */
  readonly delimiter: string | null;
  /** As `TextDecoder` takes it; null: by the first bytes, else UTF-8. */
  readonly encoding: string | null;
}

/** How rows become CSV in which no cell is a formula. */
export interface CsvText {
  readonly header: string;
  readonly render: (values: Readonly<Record<string, string>>) => string;
}

/** What `captcha route` needs of files. */
export interface RouteFiles {
  /** False if standard input is a terminal. */
  readonly hasStdin: boolean;
  /** Whether a text is the name of a file here. */
  isFile(text: string): boolean;
  /** Throws `UsageError` where there is nothing to read. */
  openUrls(request: UrlRequest): UrlSource;
  csv(columns: readonly string[]): CsvText;
}

/** The URLs that the flags name, and what their numbers count. */
export interface UrlInput {
  readonly source: UrlSource;
  readonly place: 'line' | 'argument';
  /** Whether whole lines are taken for URLs, though they may be a CSV. */
  readonly mayBeCsv: boolean;
}

const howTo = 'pass a URL, or a list: --file FILE, or captcha route < FILE';

async function* argumentsAsLines(urls: readonly string[]): UrlSource['batches'] {
  yield urls.map((url, index) => {
    const text = url.trim();
    return { line: index + 1, text, fault: text === '' ? 'the argument is empty' : null };
  });
}

/** Ends of file names that are no domains. */
const fileName = /^[^/?#]*\.(?:csv|tsv|txt|jsonl|ndjson)$/i;

function checkArgument(text: string, files: RouteFiles): void {
  if (!fileName.test(text) && !files.isFile(text)) return;
  const column = /\.[ct]sv$/i.test(text) ? ' --column NAME' : '';
  throw new UsageError(
    `${text} is a file, not a URL`,
    `to read URLs from it, use --file ${text}${column}; for a page of this name, write https://${text}`,
  );
}

function checkColumn(path: string, column: string | undefined): void {
  if (/\.(jsonl|ndjson)$/i.test(path)) {
    throw new UsageError(`--file ${path}: JSON Lines input is not supported`, `jq -r .pageurl ${path} | captcha route`);
  }
  if (column !== undefined || !/\.(csv|tsv)$/i.test(path)) return;
  throw new UsageError(
    `--file ${path}: the column with the URLs is not set`,
    'add --column NAME; for a list with one URL per line, use captcha route < FILE',
  );
}

function pathOf({ urls, file }: RouteFlags, { hasStdin }: RouteFiles): string {
  if (file !== undefined || urls.length > 0) return file ?? '-';
  if (hasStdin) return '-';
  throw new UsageError('no URL given', howTo);
}

/** Opens what the flags name: arguments, a file, or standard input. Throws `UsageError` where that is no input. */
export function openUrlInput(flags: RouteFlags, files: RouteFiles): UrlInput {
  const { urls, file, column, delimiter = null, encoding = null } = flags;
  const isStdin = urls.length === 1 && urls[0] === '-';
  if (urls.length > 0 && file !== undefined) throw new UsageError('URL arguments and --file cannot be used together');
  if (urls.length > 0 && !isStdin) {
    if (urls.includes('-')) throw new UsageError('- reads all URLs from standard input', 'omit the other URLs');
    if (column !== undefined) throw new UsageError('--column needs an input file', 'add --file FILE');
    for (const url of urls) checkArgument(url, files);
    return {
      source: { batches: argumentsAsLines(urls), close: async () => undefined },
      place: 'argument',
      mayBeCsv: false,
    };
  }
  const path = pathOf(flags, files);
  checkColumn(path, column);
  return {
    source: files.openUrls({ path, column: column ?? null, delimiter, encoding }),
    place: 'line',
    mayBeCsv: column === undefined,
  };
}
