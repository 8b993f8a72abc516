import type { Clock } from '../../ports/clock.ts';

/** What the work comes to within `ms`; null where it takes longer, or `signal` aborts. The work itself goes on. */
export async function within<T>(
  work: Promise<T>,
  { ms, signal }: { readonly ms: number; readonly signal?: AbortSignal },
  clock: Clock,
): Promise<T | null> {
  const over = new AbortController();
  const signals = signal === undefined ? [over.signal] : [over.signal, signal];
  try {
    return await Promise.race([work, clock.sleep(ms, AbortSignal.any(signals)).then(() => null)]);
  } finally {
    // A timer that is left would keep the process.
    over.abort();
  }
}
