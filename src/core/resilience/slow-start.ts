/**
 * Limits the submissions after a break, so that the callers that waited do not overload a service that has just come
 * back: concurrency grows with the successes since, and the rate stays below that before the break. Plain JSON.
 */
export interface SlowStart {
  /** Limit on concurrent submissions. */
  readonly limit: number;
  readonly endsMs: number;
  /** Consecutive breaks so far; a break during the slow start continues the count. */
  readonly breaks: number;
  /** Minimum gap between two submissions, in ms; null if the usual gap is unknown. */
  readonly gapMs: number | null;
  /** No submission before this time, in ms. */
  readonly nextMs: number;
}

/** TCP starts with two segments on an unknown path (RFC 5681, slow start). */
const firstLimit = 2;
/**
 * Limit on concurrent submissions: most accounts have no more threads than this, so further ones would only be refused.
 */
export const maxLimit = 100;
/** A client with a smaller gap may have as many in flight as it sent in this time; slower answers have other causes. */
const paceMs = 1_000;
/** An answer takes at least a round trip to the service. */
export const recheckSoonMs = 40;

/** Starts the ramp after `breaks` consecutive breaks. */
export function startSlowStart({ nowMs, lengthMs, ...rest }: SlowStartOptions): SlowStart {
  return { limit: firstLimit, endsMs: nowMs + lengthMs, nextMs: nowMs, ...rest };
}

export interface SlowStartOptions extends Pick<SlowStart, 'breaks' | 'gapMs'> {
  readonly nowMs: number;
  readonly lengthMs: number;
}

/** Wait until one more submission may go while `out` are in flight, in ms; 0 for now. */
export function slowStartWait({ limit, nextMs }: SlowStart, out: number, nowMs: number): number {
  if (nowMs < nextMs) return Math.max(recheckSoonMs, nextMs - nowMs);
  return out < limit ? 0 : recheckSoonMs;
}

/** The state after one submission was admitted. Callers that re-check every `recheckSoonMs` lose no slot. */
export function afterEntry(slowStart: SlowStart, nowMs: number): SlowStart {
  return slowStart.gapMs === null
    ? slowStart
    : { ...slowStart, nextMs: Math.max(slowStart.nextMs, nowMs - recheckSoonMs) + slowStart.gapMs };
}

/** The state after `count` answers of one kind. */
export function afterAnswers(slowStart: SlowStart, failed: boolean, count: number): SlowStart {
  if (failed) return { ...slowStart, limit: Math.max(1, Math.floor(slowStart.limit / 2)) };
  const most = Math.max(maxLimit, slowStart.gapMs === null ? 0 : Math.ceil(paceMs / slowStart.gapMs));
  return { ...slowStart, limit: Math.min(most, slowStart.limit + count) };
}
