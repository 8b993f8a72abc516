import { setMaxListeners } from 'node:events';
import type { Clock, Random } from '../../ports/system.ts';

/** Node fires longer timers immediately. */
const maxTimerMs = 2 ** 31 - 1;

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (ms <= 0) return Promise.resolve();
  const endsAtMs = performance.now() + ms;
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const wake = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    const wait = (): void => {
      const leftMs = endsAtMs - performance.now();
      if (leftMs > 0 && signal?.aborted !== true) timer = setTimeout(wait, Math.min(leftMs, maxTimerMs));
      else wake();
    };
    if (signal !== undefined) {
      // All tasks of a run sleep on one signal; Node warns about a leak from the eleventh listener on.
      setMaxListeners(0, signal);
      signal.addEventListener('abort', wake);
    }
    wait();
  });
}

/** The system clock. Its monotonic time starts with the process. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  timestamp: () => Date.now(),
  sleep,
};

/**
 * A clock for work that may be abandoned: when `left` aborts, its timers are cancelled and its sleepers never wake, so
 * that the work does not continue and does not keep the process alive.
 */
export function clockUntil(left: AbortSignal, clock: Clock): Clock {
  return {
    nowMs: () => clock.nowMs(),
    timestamp: () => clock.timestamp(),
    sleep: async (ms, signal) => {
      await clock.sleep(ms, signal ?? left);
      if (left.aborted) await new Promise<never>(() => undefined);
    },
  };
}

/** Random numbers of the runtime; not for secrets. */
export const systemRandom: Random = { next: () => Math.random() };
