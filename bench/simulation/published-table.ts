/** A simulated figure and its published counterpart; null if there is none. */
export interface Figure {
  readonly value: number | null;
  readonly published: number | null;
}

/** A published comparison, reproduced by simulation. */
export interface PublishedTable {
  readonly title: string;
  /** What was simulated, and the source of the figures in brackets. */
  readonly about: string;
  /** Headings: of the row names, then of the figures. */
  readonly head: readonly string[];
  readonly rows: readonly { readonly name: string; readonly figures: readonly Figure[] }[];
}

/** A simulated figure next to a published one. */
export function figure(value: number | null, published: number | null = null): Figure {
  return { value, published };
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The median; for an even count the lower of the two middle values. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length / 2) - 1] ?? NaN;
}

/** Runs the work for `count` seeds from `seed` on, one by one. */
export async function forSeeds<T>(seed: number, count: number, work: (seed: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let run = 0; run < count; run += 1) results.push(await work(seed + run));
  return results;
}
