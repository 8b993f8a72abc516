import type { TaskAddress } from '../domain/queued-task.ts';
import type { TaskResult } from '../domain/task-result.ts';

/** A result in the hands of a reader. It stays in the queue until it is acknowledged. */
export interface ResultLease {
  readonly result: TaskResult;
  /** The result was written where it belongs: it leaves the queue. */
  ack(): Promise<void>;
}

/** Reads the results of one run, or of all that nobody else reads. Every method throws `QueueUnavailable`. */
export interface ResultReader {
  /** At most `most` results that no other reader holds. Waits up to `waitMs` for the first; none when `signal` aborts. */
  receive(most: number, waitMs: number, signal: AbortSignal): Promise<readonly ResultLease[]>;
  /** Hands back what was not acknowledged. */
  close(): Promise<void>;
}

/** What waits to be read and what readers hold. */
export interface ResultDepth {
  readonly waiting: number;
  readonly inFlight: number;
}

/**
 * The central results. The first result of a task stands, whoever pushes another, and also long after it was read; what an
 * engine cannot tell apart its readers do. Every method throws `QueueUnavailable` where the queue cannot be reached.
 */
export interface ResultQueue {
  /** Durable when it resolves. `duplicate`: the task had its result, and this one is dropped. */
  push(result: TaskResult): Promise<'first' | 'duplicate'>;
  /** Whether the task has its result: a worker asks before it begins, and then acknowledges the task without solving it. */
  isFinished(task: TaskAddress): Promise<boolean>;
  /** Null reads every run that has no reader of its own at the moment. */
  reader(run: string | null): ResultReader;
  depth(): Promise<ResultDepth>;
  close(): Promise<void>;
}
