import { setMaxListeners } from 'node:events';
import type { CallLimits } from '../../ports/solver-api.ts';

/** Node fires a longer timer at once. */
const longestTimerMs = 2 ** 31 - 1;

/** Which limit of a call was reached. */
export type ReachedLimit = 'timeout' | 'cancelled';

/**
 * Calls `onReached` once, when the first limit is reached, at once where it already is. Returns what ends the watch;
 * it must be called, else the timer holds the process.
 */
export function watchLimits(limits: CallLimits, onReached: (limit: ReachedLimit) => void): () => void {
  const { timeLeftMs, signal } = limits;
  const stop = (): void => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', cancel);
  };
  const reached = (limit: ReachedLimit): void => {
    stop();
    onReached(limit);
  };
  const cancel = (): void => reached('cancelled');
  const timer = setTimeout(() => reached('timeout'), Math.min(timeLeftMs, longestTimerMs));
  if (signal !== undefined) {
    // All calls of a run share its signal, which Node takes for a leak from the eleventh on.
    setMaxListeners(0, signal);
    signal.addEventListener('abort', cancel);
  }
  if (signal?.aborted === true) reached('cancelled');
  else if (timeLeftMs <= 0) reached('timeout');
  return stop;
}
