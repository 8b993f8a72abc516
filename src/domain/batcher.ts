export interface BatcherOptions<Entry, Answer> {
  /** Sends a batch in one request. Returns an answer per entry, in order; an `Error` rejects only that entry. */
  readonly send: (batch: readonly Entry[]) => Promise<readonly (Answer | Error)[]>;
  /**
   * Calls `flush` when the waiting entries should be sent: at the end of the turn, after a delay, or when the last
   * batch is done. `flush` resolves when its batch is done, and never rejects.
   */
  readonly schedule: (flush: () => Promise<void>) => void;
  /** How many of the waiting entries, from the first, fit into one batch: at least one. Undefined: all of them. */
  readonly countFitting?: (waiting: readonly Entry[]) => number;
  /** This number of entries is sent at once, without waiting for the schedule. */
  readonly fullCount?: number;
}

interface Waiting<Entry, Answer> {
  readonly entry: Entry;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Collects single requests, sends them in one request, and answers each. A process that does one thing at a time sends
 * single requests; a busy one sends batches. Entries that do not fit are scheduled for the next batch.
 */
export class Batcher<Entry, Answer> {
  readonly #options: BatcherOptions<Entry, Answer>;
  #waiting: Waiting<Entry, Answer>[] = [];
  #isScheduled = false;

  constructor(options: BatcherOptions<Entry, Answer>) {
    this.#options = options;
  }

  add(entry: Entry): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry, resolve, reject });
      if (this.#waiting.length >= (this.#options.fullCount ?? Infinity)) void this.#flush();
      else this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    this.#options.schedule(() => {
      this.#isScheduled = false;
      return this.#flush();
    });
  }

  async #flush(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const entries = this.#waiting.map(({ entry }) => entry);
    const batch = this.#waiting.splice(0, this.#options.countFitting?.(entries) ?? entries.length);
    this.#schedule();
    try {
      const answers = await this.#options.send(entries.slice(0, batch.length));
      batch.forEach(({ resolve, reject }, index) => {
        const answer = answers[index] as Answer | Error;
        if (answer instanceof Error) reject(answer);
        else resolve(answer);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}
