import type { UrlSource } from '../../ports/url-source.ts';

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
  /** False where a person would have to type what is read from standard input. */
  readonly hasStdin: boolean;
  /** Whether a text is the name of a file here. */
  isFile(text: string): boolean;
  /** Throws `UsageError` where there is nothing to read. */
  openUrls(request: UrlRequest): UrlSource;
  csv(columns: readonly string[]): CsvText;
}
