import type { Clock } from '../../ports/clock.ts';

/**
 * A clock for work that may be left behind: when `left` aborts, its sleepers' timers end and the sleepers never wake, so
 * that nothing of the work goes on and nothing holds the process.
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
