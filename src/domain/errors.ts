/*
 * The kinds of errors: a person can fix it (`UsageError`), the service said so (`ProviderFault` in fault.ts), something is
 * away (`RemoteUnavailableError`, `QueueUnavailableError`, `StateLogError`), and what this process worked on is no longer its
 * own (`LeaseLostError`, `JournalLostError`). What is away has three classes, since each has another way to go on: the budget
 * goes on with its share, a queue is tried again, and a log is replaced by one in memory.
 */

/**
 * Thrown if a run has lost its journal: another process took it, or a user moved it. The run must not make any further
 * payment. The message says where the journal went and what to do.
 */
export class JournalLostError extends Error {
  override readonly name = 'JournalLostError';
}

/** Thrown if the fleet's shared Redis is unreachable or refuses; the message says why, without passwords. */
export class RemoteUnavailableError extends Error {
  override readonly name = 'RemoteUnavailableError';
}

/** Thrown if another worker may have the task by now: this one must not pay for it again. */
export class LeaseLostError extends Error {
  override readonly name: string = 'LeaseLostError';
}

/**
 * Thrown if the queue has lost its data, the lease included: only the holder still knows the task's progress. It must
 * not pay for the task again, because the sender may have queued it again.
 */
export class LeaseForgottenError extends LeaseLostError {
  override readonly name = 'LeaseForgottenError';
}

/** Thrown if a shared log is not usable (any more); the message says why and how to fix it. */
export class StateLogError extends Error {
  override readonly name = 'StateLogError';
}

/** Thrown if a queue is unreachable or refuses; a later retry may work. The message names it, with passwords masked. */
export class QueueUnavailableError extends Error {
  override readonly name = 'QueueUnavailableError';
  /** Why, without the name of the queue, which may hold any word. */
  readonly reason: string;

  constructor(message: string, reason = message) {
    super(message);
    this.reason = reason;
  }
}

/** Thrown for a task that a queue will never take, such as one that is too large; the message gives the cause and the fix. */
export class TaskRefusedError extends Error {
  override readonly name = 'TaskRefusedError';
}

/** An error that the user can fix: a flag, a variable, a config path, an input file. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** The fix, as a sentence; null if the message is sufficient. */
  readonly hint: string | null;
  /** What is wrong, one by one, for programs; empty if the message is about one thing. */
  readonly details: readonly object[];

  constructor(message: string, hint: string | null = null, details: readonly object[] = []) {
    super(message);
    this.hint = hint;
    this.details = details;
  }
}
