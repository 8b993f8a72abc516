interface Waiting<Entry, Answer> {
  readonly entry: Entry;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** Sends a group's entries in one request; answers for each, in their order. */
export type SendGroup<Entry, Answer> = (group: string, entries: readonly Entry[]) => Promise<readonly Answer[]>;

/**
 * Gathers what is asked for within one turn of the event loop into one request per group. A process that does one thing
 * at a time waits no longer for it; one that is busy asks once for the many things that it would have asked for one by one.
 */
export class Batcher<Entry, Answer> {
  readonly #send: SendGroup<Entry, Answer>;
  #groups = new Map<string, Waiting<Entry, Answer>[]>();

  constructor(send: SendGroup<Entry, Answer>) {
    this.#send = send;
  }

  ask(group: string, entry: Entry): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#groups.size === 0) setImmediate(() => this.#flush());
      const waiting = this.#groups.get(group) ?? [];
      waiting.push({ entry, resolve, reject });
      this.#groups.set(group, waiting);
    });
  }

  #flush(): void {
    const groups = this.#groups;
    this.#groups = new Map();
    for (const [group, waiting] of groups) void this.#sendGroup(group, waiting);
  }

  async #sendGroup(group: string, waiting: readonly Waiting<Entry, Answer>[]): Promise<void> {
    try {
      const answers = await this.#send(
        group,
        waiting.map(({ entry }) => entry),
      );
      waiting.forEach(({ resolve }, index) => resolve(answers[index] as Answer));
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }
}
