/** Neighbouring buckets differ by a twentieth: finer than a person reads solve times. */
const growth = 1.05;

/** Quantiles of lengths of time in memory that does not grow with their number; right to a twentieth. */
export class Quantiles {
  readonly #counts = new Map<number, number>();
  #total = 0;

  record(ms: number): void {
    const bucket = Math.round(Math.log(Math.max(1, ms)) / Math.log(growth));
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + 1);
    this.#total += 1;
  }

  /** The value that a share `q` (0..1) of all is at most, in ms; null where nothing was recorded. */
  at(q: number): number | null {
    let left = Math.max(1, Math.ceil(q * this.#total));
    for (const [bucket, count] of [...this.#counts].sort(([a], [b]) => a - b)) {
      left -= count;
      if (left <= 0) return growth ** bucket;
    }
    return null;
  }
}
