/*
 * The kinds of errors: a person can fix it (`UsageError`), the service said so (`ProviderFault` in fault.ts), something is
 * away (`RemoteUnavailableError`, `QueueUnavailableError`, `StateLogError`), and what this process worked on is no longer its
 * own (`LeaseLostError`, `JournalLostError`). What is away has three classes, since each has another way to go on: the budget
 * goes on with its share, a queue is tried again, and a log is replaced by one in memory.
 */

/**
 * Thrown where a run has lost its journal to another process, or to a person who moved it: nothing more must be paid for
 * by this run. The message says where it went, and what to do.
 */
export class JournalLostError extends Error {
  override readonly name = 'JournalLostError';
}

/** Thrown where the place that a fleet shares cannot be reached, or refuses; the message says why, without passwords. */
export class RemoteUnavailableError extends Error {
  override readonly name = 'RemoteUnavailableError';
}

/** Thrown where a task is worked on that somebody else may have by now: nothing more must be paid for it here. */
export class LeaseLostError extends Error {
  override readonly name: string = 'LeaseLostError';
}

/**
 * Thrown where the queue has lost its data, and with it the lease: what is known of the task is known to its holder alone.
 * Nothing more must be paid for it here, since whoever sent it may have queued it again.
 */
export class LeaseForgottenError extends LeaseLostError {
  override readonly name = 'LeaseForgottenError';
}

/** Thrown where a log that processes share cannot be used, or not any more; the message says why, and what helps. */
export class StateLogError extends Error {
  override readonly name = 'StateLogError';
}

/** Thrown where a queue cannot be reached or refuses: worth trying again later. The message names it, passwords masked. */
export class QueueUnavailableError extends Error {
  override readonly name = 'QueueUnavailableError';
}

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
