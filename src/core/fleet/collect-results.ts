import type { TaskResult } from '../../domain/queued-task.ts';
import type { ResultLease, ResultReader } from '../../ports/queues.ts';
import { type RetryOptions, retryWhileUnavailable } from './retry-while-unavailable.ts';

export interface CollectOptions {
  /** Waits for further results instead of ending when there are none. */
  readonly follow: boolean;
}

export interface CollectResultsDeps extends RetryOptions {
  readonly reader: ResultReader;
  /** Resolves when all of them are where they belong. */
  readonly write: (results: readonly TaskResult[]) => Promise<void>;
}

const maxConcurrent = 500;
/** Engines may answer late that there is something. */
const emptyWaitMs = 2_000;
const followWaitMs = 5_000;

/**
 * Writes down results until there are none, or `signal` aborts; answers how many. A result leaves its queue only after it
 * was written: whoever dies in between writes it twice.
 */
export async function collectResults({ follow }: CollectOptions, deps: CollectResultsDeps): Promise<number> {
  const { reader, write, signal } = deps;
  const waitMs = follow ? followWaitMs : emptyWaitMs;
  let count = 0;
  while (!signal.aborted) {
    const leases = await retryWhileUnavailable(() => reader.receive(maxConcurrent, waitMs, signal), deps);
    if (leases.length === 0 && !follow) break;
    await write(leases.map(({ result }) => result));
    await acknowledge(leases, deps);
    count += leases.length;
  }
  return count;
}

async function acknowledge(leases: readonly ResultLease[], retryOptions: RetryOptions): Promise<void> {
  await Promise.all(leases.map((lease) => retryWhileUnavailable(() => lease.ack(), retryOptions)));
}
