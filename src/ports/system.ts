/** Time: reading it and waiting for it, so that a virtual clock can run a month of waits in a moment. */
export interface Clock {
  /** Monotonic, in ms from an arbitrary start; the same start for every reader of one clock. */
  nowMs(): number;
  /** Wall clock, in ms since the epoch; for people and records, never for measuring. */
  timestamp(): number;
  /** Resolves after `ms`, or at once when `signal` aborts: the caller looks at its signal. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Chance. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
}

/** A value that one adapter has at hand and another must fetch. */
export type Awaitable<T> = T | Promise<T>;
