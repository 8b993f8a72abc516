/** Upper bounds of buckets for whole tasks, in seconds: from fast images to slow challenges. */
export const taskSeconds = [0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 45, 60, 90, 120];

/** The same for single requests. */
export const requestSeconds = [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 3, 5, 10, 20, 30];

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
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sumMs = 0;

  /** `bounds`: upper bounds of the buckets, in seconds, in ascending order. */
  constructor(bounds: readonly number[] = taskSeconds) {
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  record(ms: number): void {
    const bucket = this.#bounds.findIndex((bound) => ms <= bound * 1_000);
    const at = bucket < 0 ? this.#bounds.length : bucket;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sumMs += ms;
  }

  read(): HistogramReading {
    let count = 0;
    const buckets = [...this.#bounds, Infinity].map((le, at) => ({ le, count: (count += this.#counts[at] ?? 0) }));
    return { buckets, sum: Math.round(this.#sumMs) / 1_000, count };
  }
}
