import { QueueUnavailableError } from '../../domain/errors.ts';
import type { Clock } from '../../ports/system.ts';

/** How an unreachable queue is reported, and when retrying ends. */
export interface RetryOptions {
  readonly clock: Clock;
  /** Aborts to stop retrying. */
  readonly signal: AbortSignal;
  /** Called for every failed attempt. */
  readonly onUnavailable: (message: string) => void;
}

const tryAgainMs = 1_000;

/** Repeats the work while its queue is unreachable. Throws `QueueUnavailableError` once `signal` has aborted. */
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
