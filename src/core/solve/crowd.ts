/** Whoever waits together asks no less often than this, */
const oftenMs = 10;
/** and each of them no more seldom than this, or than it was told to. */
const seldomMs = 1_000;

/**
 * The tasks of one process that wait for the breaker. Each is told when it is worth asking again as though it were alone.
 * Where they are many they take longer, each by another length, so that together they do not ask all the time.
 */
export class Crowd {
  #size = 0;

  /** Counts whoever waits for as long as it does. `sleep` is told for how long, in ms; `jitter` is 0..1. */
  async wait(told: { readonly retryInMs: number; readonly jitter: number }, sleep: (ms: number) => Promise<void>) {
    this.#size += 1;
    await sleep(this.#shareMs(told));
    this.#size -= 1;
  }

  #shareMs({ retryInMs, jitter }: { readonly retryInMs: number; readonly jitter: number }): number {
    const longestMs = Math.max(retryInMs, Math.min(oftenMs * this.#size, seldomMs));
    return retryInMs + jitter * (longestMs - retryInMs);
  }
}
