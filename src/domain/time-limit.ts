import { joinSignals } from './joined-signal.ts';

/** The part of a clock that is used here. */
interface Sleeper {
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

interface Limits {
  readonly ms: number;
  /** Also ends the wait. */
  readonly signal?: AbortSignal;
}

/** The result of the work; null after `ms`, or when `signal` aborts. The work itself continues. */
export async function withTimeLimit<T>(work: Promise<T>, { ms, signal }: Limits, clock: Sleeper): Promise<T | null> {
  const over = new AbortController();
  const end = joinSignals(over.signal, ...(signal === undefined ? [] : [signal]));
  try {
    return await Promise.race([work, clock.sleep(ms, end.signal).then(() => null)]);
  } finally {
    // A running timer would keep the process alive.
    over.abort();
    end.release();
  }
}
