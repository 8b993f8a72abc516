import type { TaskResult } from '../../domain/queued-task.ts';
import type { ResultLease, ResultReader } from '../../ports/queues.ts';
import { type RetryOptions, retryWhileUnavailable } from './retry-while-unavailable.ts';

export interface CollectOptions {
  /** Waits for further results instead of ending when the queue is empty. */
  readonly follow: boolean;
}

export interface CollectResultsDeps extends RetryOptions {
  readonly reader: ResultReader;
  /** Resolves when all results are written durably. */
  readonly write: (results: readonly TaskResult[]) => Promise<void>;
}

const maxConcurrent = 500;
/** Some engines report new results with a delay. */
const emptyWaitMs = 2_000;
const followWaitMs = 5_000;

/**
 * Writes results until the queue is empty or `signal` aborts, and returns their number. A result is acknowledged only
 * after it was written: after a crash in between it is written a second time.
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
