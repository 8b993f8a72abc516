/** Neighbouring buckets differ by 5 %: precise enough for solve times. */
const growth = 1.05;

/** Quantiles of durations in constant memory, accurate to 5 %. */
export class Quantiles {
  readonly #counts = new Map<number, number>();
  #total = 0;

  /** Of everything that was recorded in these. */
  static merged(all: readonly Quantiles[]): Quantiles {
    const merged = new Quantiles();
    for (const each of all) for (const [bucket, count] of each.#counts) merged.#add(bucket, count);
    return merged;
  }

  /** The bucket of a duration. Counts of buckets can be stored, added and read again. */
  static bucketOf(ms: number): number {
    return Math.round(Math.log(Math.max(1, ms)) / Math.log(growth));
  }

  record(ms: number): void {
    this.#add(Quantiles.bucketOf(ms), 1);
  }

  /** Adds stored counts of buckets. */
  addCounts(counts: Readonly<Record<string, number>>): void {
    for (const [bucket, count] of Object.entries(counts)) this.#add(Number(bucket), count);
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

  #add(bucket: number, count: number): void {
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count);
    this.#total += count;
  }
}
