const sliceCount = 10;
/** Older than any slice: a clock may start at 0, where the window reaches back to negative numbers. */
const never = -Infinity;

interface Slice {
  /** Number of the slice since time 0; a stale number marks a slice that has slid out, `never` an empty one. */
  index: number;
  failures: number;
  total: number;
}

/** How many outcomes of the last `samplingDurationMs`, in slices of a tenth, and how many of them failed. */
export class FailureWindow {
  readonly #sliceMs: number;
  readonly #slices: Slice[] = Array.from({ length: sliceCount }, () => ({ index: never, failures: 0, total: 0 }));

  constructor(samplingDurationMs: number) {
    this.#sliceMs = samplingDurationMs / sliceCount;
  }

  record(failed: boolean, nowMs: number): void {
    const index = Math.floor(nowMs / this.#sliceMs);
    const slice = this.#slices[index % sliceCount] as Slice;
    if (slice.index !== index) Object.assign(slice, { index, failures: 0, total: 0 });
    slice.total += 1;
    if (failed) slice.failures += 1;
  }

  counts(nowMs: number): { failures: number; total: number } {
    const oldest = Math.floor(nowMs / this.#sliceMs) - sliceCount + 1;
    const live = this.#slices.filter(({ index }) => index >= oldest);
    return {
      failures: live.reduce((sum, slice) => sum + slice.failures, 0),
      total: live.reduce((sum, slice) => sum + slice.total, 0),
    };
  }

  clear(): void {
    for (const slice of this.#slices) slice.index = never;
  }
}
