import type { RowSink } from './batch-item.ts';

type Values = Readonly<Record<string, string>>;

/** Writes rows in the order of their places, whatever the order they come in. Holds `size` rows at the most. */
export class OrderedRows {
  readonly #sink: RowSink;
  readonly #size: number;
  readonly #held = new Map<number, Values | null>();
  readonly #waiting: (() => void)[] = [];
  #next = 0;
  #places = 0;
  #writing = Promise.resolve();

  constructor(sink: RowSink, size: number) {
    this.#sink = sink;
    this.#size = size;
  }

  /** The next place, as soon as the row at it would not be too far ahead of the one that is waited for. */
  async takePlace(): Promise<number> {
    const place = this.#places;
    this.#places += 1;
    while (place >= this.#next + this.#size) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return place;
  }

  /** Puts the row at its place, or leaves the place empty. Resolves when what can be written is. */
  put(place: number, values: Values | null): Promise<void> {
    this.#held.set(place, values);
    // One writer at a time: two that wait for the sink would overtake each other.
    this.#writing = this.#writing.then(() => this.#writeReady());
    return this.#writing;
  }

  async #writeReady(): Promise<void> {
    for (let values = this.#held.get(this.#next); values !== undefined; values = this.#held.get(this.#next)) {
      if (values !== null) await this.#sink.write(values);
      this.#held.delete(this.#next);
      this.#next += 1;
    }
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
