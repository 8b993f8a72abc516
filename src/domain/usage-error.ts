/** Something that the person who typed the command can fix: a flag, a variable, a config path, an input file. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** What to do about it, as a sentence; null where the message says it all. */
  readonly hint: string | null;

  constructor(message: string, hint: string | null = null) {
    super(message);
    this.hint = hint;
  }
}
