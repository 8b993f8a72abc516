/** A term and what is said of it. */
export interface Entry {
  readonly name: string;
  readonly text: string;
}

/** One part of a help topic. */
export interface Section {
  readonly title: string;
  readonly entries: readonly Entry[];
  /** What follows the entries; may be empty. */
  readonly note: string;
}
