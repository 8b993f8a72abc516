import { QueueUnavailableError } from '../../domain/errors.ts';
import type { Clock } from '../../ports/system.ts';

/** Who is told that a queue is away, and how long it is waited for. */
export interface RetryOptions {
  readonly clock: Clock;
  /** Aborts when it is no longer waited for. */
  readonly signal: AbortSignal;
  /** Told of every try that failed. */
  readonly onUnavailable: (message: string) => void;
}

const tryAgainMs = 1_000;

/** Does the work, again and again while its queue is away. Throws `QueueUnavailableError` once nobody waits any more. */
export async function retryWhileUnavailable<T>(
  work: () => Promise<T>,
  { clock, signal, onUnavailable }: RetryOptions,
): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof QueueUnavailableError)) throw error;
      onUnavailable(error.message);
      if (signal.aborted) throw error;
      await clock.sleep(tryAgainMs, signal);
    }
  }
}
