/** Reads the time and waits, so that a virtual clock can run a month of waits in a moment. */
export interface Clock {
  /** Monotonic, in ms from an arbitrary start, which is the same for all readers of one clock. */
  nowMs(): number;
  /** Wall clock in ms since the epoch; for display and records, never for measuring. */
  timestamp(): number;
  /** Resolves after `ms`, or at once when `signal` aborts: the caller checks its signal. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** A source of random numbers. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
}

/** One run of a command that the user has named. */
export interface HookRequest {
  /** What it reads on its standard input. */
  readonly input: string;
  /** Variables in addition to those of this process. */
  readonly env: Readonly<Record<string, string>>;
  /** It is ended after this time, in ms. */
  readonly timeoutMs: number;
}

/** A value that some adapters have at once and others fetch. */
export type Awaitable<T> = T | Promise<T>;
