export interface BatcherOptions<Entry, Answer> {
  /** Does a batch in one request. Answers for every entry, in their order; an `Error` rejects that entry alone. */
  readonly send: (batch: readonly Entry[]) => Promise<readonly (Answer | Error)[]>;
  /**
   * Calls `flush` when what waits is to go: at the end of the turn, after a moment, or when the last batch is done. `flush`
   * resolves when its batch is done, and never rejects.
   */
  readonly schedule: (flush: () => Promise<void>) => void;
  /** How many of those that wait, the first of them, go in one batch: at least one. Left out: all of them. */
  readonly countFitting?: (waiting: readonly Entry[]) => number;
  /** The number that need not wait for the schedule: so many go at once. */
  readonly fullCount?: number;
}

interface Waiting<Entry, Answer> {
  readonly entry: Entry;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gathers what is asked for one by one, does it in one request, and answers each. A process that does one thing at a time
 * asks as before; one that is busy asks once for many. What a batch has no room for is scheduled for the next.
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
