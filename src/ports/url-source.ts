/** One URL of an input; lines count from 1. */
export interface UrlLine {
  readonly line: number;
  /** Without blanks around it. */
  readonly text: string;
  /** Why the input holds no URL here, as a phrase; null where it holds a text. */
  readonly fault: string | null;
}

/** URLs in the order of an input, those that came together in one batch. */
export interface UrlSource {
  /** Throws `UsageError` for an input that cannot be used. */
  readonly batches: AsyncIterable<readonly UrlLine[]>;
  /** Gives the input back, at its end or before. */
  readonly close: () => Promise<void>;
}
