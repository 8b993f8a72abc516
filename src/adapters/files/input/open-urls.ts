import { UsageError } from '../../../domain/usage-error.ts';
import type { UrlLine, UrlSource } from '../../../ports/url-source.ts';
import { InputFile, type OpenBytes } from './input-file.ts';
import { Peekable } from './peekable.ts';
import { givenDelimiter } from './read-records.ts';
import { urlColumn } from './url-column.ts';
import { urlLines } from './url-lines.ts';
import { utf8Chunks } from './utf8-chunks.ts';

export interface UrlOptions {
  /** A file, or `-` for standard input. */
  readonly path: string;
  /** The column of a CSV that holds them; null where the input is one URL a line. */
  readonly column: string | null;
  /** One character, or `\t` spelled out; null: the one that the header uses. */
  readonly delimiter: string | null;
  /** As `TextDecoder` takes it; null: by the first bytes, else UTF-8. */
  readonly encoding: string | null;
  readonly stdin: AsyncIterable<Uint8Array> & { readonly isTTY?: boolean; destroy(): unknown };
}

function openBytes({ path, stdin }: UrlOptions): OpenBytes {
  if (path !== '-') return new InputFile(path).open();
  if (stdin.isTTY === true) {
    throw new UsageError('- reads standard input, which is a terminal here', 'pipe a file into it');
  }
  // Whoever feeds it may never end: a run that has stopped does not wait for that.
  return { chunks: stdin, close: async () => void stdin.destroy() };
}

/** The URLs of a file or of standard input. Throws `UsageError` where there is nothing to read, or no way to read it. */
export function openUrls(options: UrlOptions): UrlSource {
  const { column, encoding } = options;
  const delimiter = givenDelimiter(options);
  const { chunks, close } = openBytes(options);
  const text = new Peekable(utf8Chunks(new Peekable(chunks), encoding));
  const batches: AsyncIterable<readonly UrlLine[]> =
    column === null ? urlLines(text) : urlColumn(text, { name: column, delimiter });
  return { batches, close };
}
