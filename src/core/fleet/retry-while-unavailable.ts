import { QueueUnavailable } from '../../domain/errors.ts';
import type { Clock } from '../../ports/system.ts';

/** Who is told that a queue is away, and how long it is waited for. */
export interface Patience {
  readonly clock: Clock;
  /** Aborts when it is no longer waited for. */
  readonly signal: AbortSignal;
  /** Told of every try that failed. */
  readonly onAway: (message: string) => void;
}

const tryAgainMs = 1_000;

/** Does the work, again and again while its queue is away. Throws `QueueUnavailable` once nobody waits any more. */
export async function whileAway<T>(work: () => Promise<T>, { clock, signal, onAway }: Patience): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof QueueUnavailable)) throw error;
      onAway(error.message);
      if (signal.aborted) throw error;
      await clock.sleep(tryAgainMs, signal);
    }
  }
}
