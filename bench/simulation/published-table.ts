/** A figure that was simulated, and what somebody published for the same; null where there is nothing to say. */
export interface Figure {
  readonly value: number | null;
  readonly published: number | null;
}

/** A published comparison, simulated again. */
export interface PublishedTable {
  readonly title: string;
  /** What was simulated, and who published what stands in brackets. */
  readonly about: string;
  /** The heading of the rows' names, then those of the figures. */
  readonly head: readonly string[];
  readonly rows: readonly { readonly name: string; readonly figures: readonly Figure[] }[];
}

/** A simulated figure beside a published one. */
export function figure(value: number | null, published: number | null = null): Figure {
  return { value, published };
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The middle one, or the lower of the two in the middle. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length / 2) - 1] ?? NaN;
}

/** Runs the work for each of so many seeds, from `seed` on, one after the other. */
export async function forSeeds<T>(seed: number, count: number, work: (seed: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let run = 0; run < count; run += 1) results.push(await work(seed + run));
  return results;
}
