import type { Clock } from '../../ports/clock.ts';

/** What the work comes to within `ms`; null where it takes longer. The work itself goes on. */
export async function inTime<T>(work: Promise<T>, ms: number, clock: Clock): Promise<T | null> {
  const over = new AbortController();
  try {
    return await Promise.race([work, clock.sleep(ms, over.signal).then(() => null)]);
  } finally {
    // A timer that is left would keep the process.
    over.abort();
  }
}
