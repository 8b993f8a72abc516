import { setMaxListeners } from 'node:events';
import type { CallLimits } from '../../ports/solver-api.ts';

/** Node fires a longer timer at once. */
const longestTimerMs = 2 ** 31 - 1;

/** Which limit of a call was reached. */
export type ReachedLimit = 'timeout' | 'cancelled';

function watchSignal(signal: AbortSignal, timer: NodeJS.Timeout, onReached: (limit: ReachedLimit) => void): () => void {
  const cancel = (): void => {
    stop();
    onReached('cancelled');
  };
  const stop = (): void => {
    clearTimeout(timer);
    signal.removeEventListener('abort', cancel);
  };
  // All calls of a run share its signal, which Node takes for a leak from the eleventh on.
  setMaxListeners(0, signal);
  signal.addEventListener('abort', cancel);
  return stop;
}

/**
 * Calls `onReached`, when a limit is reached, at once where it already is. Returns what ends the watch; it must be called, then too: else
 * the timer holds the process, or the other limit is told as well.
 */
export function watchLimits(limits: CallLimits, onReached: (limit: ReachedLimit) => void): () => void {
  const { timeLeftMs, signal } = limits;
  if (signal?.aborted === true || timeLeftMs <= 0) {
    onReached(signal?.aborted === true ? 'cancelled' : 'timeout');
    return () => undefined;
  }
  const timer = setTimeout(onReached, Math.min(timeLeftMs, longestTimerMs), 'timeout');
  // Nearly every call is one without a signal.
  return signal === undefined ? () => clearTimeout(timer) : watchSignal(signal, timer, onReached);
}
