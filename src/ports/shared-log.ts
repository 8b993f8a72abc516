/** One entry as it stands in a log. */
export interface Logged<Entry> {
  readonly entry: Entry;
  /** When it was written, on the clock of the log. */
  readonly atMs: number;
  /** Who wrote it. */
  readonly by: string;
}

/** What follows from the entries of a log and from nothing else: whoever has applied the same ones is in the same state. */
export interface LogState<Entry, Answer> {
  /** What the entry led to. Must depend on nothing but the entries so far. */
  apply(logged: Logged<Entry>): Answer;
  /** All that there is to know, as plain JSON. */
  snapshot(): object;
  restore(snapshot: object): void;
}

/** A log that several processes write and read, all in the same order. Every method throws `LogLost` where it is lost. */
export interface SharedLog<Entry, Answer> {
  /** Applies what others have appended since. */
  catchUp(): void;
  /** Appends the entries in one piece, applies everything up to them, and answers what each of them led to. */
  append(entries: readonly Entry[]): readonly Answer[];
  /** Whether this writer cannot act any more, or stands still: nobody need wait for it. */
  isGone(writer: string): boolean;
  close(): void;
}
