/** Neighbouring buckets differ by 5 %: precise enough for solve times. */
const growth = 1.05;

/** Quantiles of durations in constant memory, accurate to 5 %. */
export class Quantiles {
  readonly #counts = new Map<number, number>();
  #total = 0;

  /** Of everything that was recorded in these. */
  static merged(all: readonly Quantiles[]): Quantiles {
    const merged = new Quantiles();
    for (const each of all) {
      merged.#total += each.#total;
      for (const [bucket, count] of each.#counts) merged.#counts.set(bucket, (merged.#counts.get(bucket) ?? 0) + count);
    }
    return merged;
  }

  record(ms: number): void {
    const bucket = Math.round(Math.log(Math.max(1, ms)) / Math.log(growth));
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + 1);
    this.#total += 1;
  }

  /** The quantile `q` (0..1) in ms; null if nothing was recorded. */
  at(q: number): number | null {
    let left = Math.max(1, Math.ceil(q * this.#total));
    for (const [bucket, count] of [...this.#counts].sort(([a], [b]) => a - b)) {
      left -= count;
      if (left <= 0) return growth ** bucket;
    }
    return null;
  }
}
