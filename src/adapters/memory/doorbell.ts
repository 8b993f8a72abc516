import type { Clock } from '../../ports/clock.ts';

/** Wakes everybody who sleeps on it. */
export class Doorbell {
  #next = new AbortController();

  ring(): void {
    this.#next.abort();
    this.#next = new AbortController();
  }

  /** Sleeps for `ms`, or until it rings or `signal` aborts. */
  async wait(ms: number, signal: AbortSignal, clock: Clock): Promise<void> {
    await clock.sleep(ms, AbortSignal.any([signal, this.#next.signal]));
  }
}
