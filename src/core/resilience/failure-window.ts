const sliceCount = 10;
/** Index of an empty slice. It must be below every real index, and a clock near 0 gives negative ones. */
const never = -Infinity;

interface Slice {
  /** Number of the slice since time 0. A stale number marks a slice outside the window, `never` an empty one. */
  index: number;
  /** Time of its first outcome, in ms. */
  sinceMs: number;
  failures: number;
  total: number;
}

/** The slices that contain outcomes. Plain JSON. */
export type FailureWindowSnapshot = readonly Readonly<Slice>[];

/** Counts outcomes and failures of the last `samplingDurationMs`, in ten slices. */
export class FailureWindow {
  readonly #sliceMs: number;
  readonly #slices: Slice[] = Array.from({ length: sliceCount }, () => ({
    ...{ index: never, sinceMs: never, failures: 0, total: 0 },
  }));

  constructor(samplingDurationMs: number) {
    this.#sliceMs = samplingDurationMs / sliceCount;
  }

  record(failed: boolean, nowMs: number, count = 1): void {
    const index = Math.floor(nowMs / this.#sliceMs);
    const slice = this.#slices[index % sliceCount] as Slice;
    if (slice.index !== index) Object.assign(slice, { index, sinceMs: nowMs, failures: 0, total: 0 });
    slice.total += count;
    if (failed) slice.failures += count;
  }

  counts(nowMs: number): { failures: number; total: number } {
    const oldest = Math.floor(nowMs / this.#sliceMs) - sliceCount + 1;
    const live = this.#slices.filter(({ index }) => index >= oldest);
    return {
      failures: live.reduce((sum, slice) => sum + slice.failures, 0),
      total: live.reduce((sum, slice) => sum + slice.total, 0),
    };
  }

  /** Time since the oldest outcome of the window, in ms: shorter than the window while the window is filling. */
  spanMs(nowMs: number): number {
    const oldest = Math.floor(nowMs / this.#sliceMs) - sliceCount + 1;
    const live = this.#slices.filter(({ index }) => index >= oldest);
    return Math.max(0, ...live.map(({ sinceMs }) => nowMs - sinceMs));
  }

  clear(): void {
    for (const slice of this.#slices) slice.index = never;
  }

  snapshot(): FailureWindowSnapshot {
    return this.#slices.filter(({ index }) => index !== never).map((slice) => ({ ...slice }));
  }

  restore(slices: FailureWindowSnapshot): void {
    this.clear();
    for (const slice of slices) Object.assign(this.#slices[slice.index % sliceCount] as Slice, slice);
  }
}
