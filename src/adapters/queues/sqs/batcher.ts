import type { Clock } from '../../../ports/system.ts';

/** Why one entry of a batch was refused, or null. */
export type Refusal = string | null;

interface Waiting<Entry> {
  readonly entry: Entry;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export interface GatherOptions<Entry> {
  /** Sends a batch; answers for every entry, in their order, whether it was refused. */
  readonly send: (entries: readonly Entry[]) => Promise<readonly Refusal[]>;
  readonly sizeOf: (entry: Entry) => number;
  readonly clock: Clock;
}

/** The most that SQS takes in one batch, and the bytes of it, with room for what stands around the bodies. */
const maxEntries = 10;
const maxBytes = 1_000_000;
/** A batch of ten costs as much as one entry, and a task takes seconds: a moment's wait is cheap. */
const lingerMs = 5;

/** Gathers what is asked for within a moment into batches. Every entry has its own end: a batch may fail in part. */
export class SqsBatcher<Entry> {
  readonly #options: GatherOptions<Entry>;
  #waiting: Waiting<Entry>[] = [];
  #isLingering = false;

  constructor(options: GatherOptions<Entry>) {
    this.#options = options;
  }

  add(entry: Entry): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry, resolve, reject });
      if (this.#waiting.length >= maxEntries) this.#flush();
      else if (!this.#isLingering) void this.#linger();
    });
  }

  async #linger(): Promise<void> {
    this.#isLingering = true;
    await this.#options.clock.sleep(lingerMs);
    this.#isLingering = false;
    this.#flush();
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    let batch: Waiting<Entry>[] = [];
    let bytes = 0;
    for (const each of waiting) {
      const size = this.#options.sizeOf(each.entry);
      if (batch.length > 0 && (batch.length === maxEntries || bytes + size > maxBytes)) {
        void this.#send(batch);
        [batch, bytes] = [[], 0];
      }
      batch.push(each);
      bytes += size;
    }
    if (batch.length > 0) void this.#send(batch);
  }

  async #send(batch: readonly Waiting<Entry>[]): Promise<void> {
    try {
      const refusals = await this.#options.send(batch.map(({ entry }) => entry));
      batch.forEach(({ resolve, reject }, index) => {
        const refusal = refusals[index] ?? null;
        if (refusal === null) resolve();
        else reject(new Error(refusal));
      });
    } catch (error) {
      for (const { reject } of batch) reject(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
