/** What of a clock is needed to wait. */
interface Sleeper {
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

interface Limits {
  readonly ms: number;
  /** Ends the waiting, too. */
  readonly signal?: AbortSignal;
}

/** What the work comes to within `ms`; null where it takes longer, or `signal` aborts. The work itself goes on. */
export async function withTimeLimit<T>(work: Promise<T>, { ms, signal }: Limits, clock: Sleeper): Promise<T | null> {
  const over = new AbortController();
  const end = signal === undefined ? over.signal : AbortSignal.any([over.signal, signal]);
  try {
    return await Promise.race([work, clock.sleep(ms, end).then(() => null)]);
  } finally {
    // A timer that is left would keep the process.
    over.abort();
  }
}
