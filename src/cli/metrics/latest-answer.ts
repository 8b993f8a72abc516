import type { Clock } from '../../ports/system.ts';

/** How old an answer gets before a reading asks again, in ms. */
const maxAgeMs = 30_000;

/**
 * The latest answer to a question that takes time. A reading never waits: it returns what is known and asks in the background
 * if that is old. So nothing is asked if nothing reads.
 */
export class LatestAnswer<T> {
  readonly #ask: () => Promise<T>;
  readonly #clock: Clock;
  #latest: T | null = null;
  #askedMs = -Infinity;
  #isAsking = false;

  /** `ask` rejects only for bugs. */
  constructor(ask: () => Promise<T>, { clock }: { readonly clock: Clock }) {
    this.#ask = ask;
    this.#clock = clock;
  }

  /** Null before the first answer. */
  read(): T | null {
    if (!this.#isAsking && this.#clock.nowMs() - this.#askedMs >= maxAgeMs) void this.#refresh();
    return this.#latest;
  }

  async #refresh(): Promise<void> {
    this.#isAsking = true;
    this.#askedMs = this.#clock.nowMs();
    try {
      this.#latest = await this.#ask();
    } finally {
      this.#isAsking = false;
    }
  }
}
