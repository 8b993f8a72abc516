/**
 * Thrown where a run has lost its journal to another process, or to a person who moved it: nothing more must be paid for
 * by this run. The message says where it went, and what to do.
 */
export class JournalLostError extends Error {
  override readonly name = 'JournalLostError';
}
