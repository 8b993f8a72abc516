/** Upper bounds of the buckets, in seconds: from fast images to slow challenges. */
const bounds = [0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 45, 60, 90, 120];

/** What was recorded so far. */
export interface HistogramReading {
  /** How many values are at most `le` seconds, in ascending order; the last bound is Infinity. */
  readonly buckets: readonly { readonly le: number; readonly count: number }[];
  /** In seconds. */
  readonly sum: number;
  readonly count: number;
}

/** Counts durations in buckets, in constant memory. */
export class Histogram {
  readonly #counts = new Array<number>(bounds.length + 1).fill(0);
  #sumMs = 0;

  record(ms: number): void {
    const bucket = bounds.findIndex((bound) => ms <= bound * 1_000);
    const at = bucket < 0 ? bounds.length : bucket;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sumMs += ms;
  }

  read(): HistogramReading {
    let count = 0;
    const buckets = [...bounds, Infinity].map((le, at) => ({ le, count: (count += this.#counts[at] ?? 0) }));
    return { buckets, sum: Math.round(this.#sumMs) / 1_000, count };
  }
}
