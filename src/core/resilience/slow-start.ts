/**
 * What is let through after a break, so that the callers that waited do not overload a service that has just come back:
 * no more at once than have succeeded since, and no faster than the service was used before the break. Plain JSON.
 */
export interface SlowStart {
  /** So many submissions may be out at once. */
  readonly limit: number;
  readonly endsMs: number;
  /** A break meanwhile continues so many. */
  readonly breaks: number;
  /** Between two submissions, in ms; null where it is not known what was usual. */
  readonly gapMs: number | null;
  /** None before. */
  readonly nextMs: number;
}

/** As many submissions as TCP sends segments where it knows nothing of the way (RFC 5681, slow start). */
const firstLimit = 2;
/** So many out at once, and whoever is still refused is refused for nothing: most accounts have no more threads. */
export const maxLimit = 100;
/** Whoever was faster than that before gets so much of its pace: an answer that takes longer has other reasons. */
const paceMs = 1_000;
/** An answer takes a round trip to the service. */
export const recheckSoonMs = 40;

/** The slow start after so many breaks. */
export function startSlowStart({ nowMs, lengthMs, ...rest }: SlowStartOptions): SlowStart {
  return { limit: firstLimit, endsMs: nowMs + lengthMs, nextMs: nowMs, ...rest };
}

export interface SlowStartOptions extends Pick<SlowStart, 'breaks' | 'gapMs'> {
  readonly nowMs: number;
  readonly lengthMs: number;
}

/** Until one more may be let through while so many are out, in ms; 0 for now. */
export function slowStartWait({ limit, nextMs }: SlowStart, out: number, nowMs: number): number {
  if (nowMs < nextMs) return Math.max(recheckSoonMs, nextMs - nowMs);
  return out < limit ? 0 : recheckSoonMs;
}

/** After one was let through. Those who ask again in steps of `recheckSoonMs` lose no place by it. */
export function afterEntry(slowStart: SlowStart, nowMs: number): SlowStart {
  return slowStart.gapMs === null
    ? slowStart
    : { ...slowStart, nextMs: Math.max(slowStart.nextMs, nowMs - recheckSoonMs) + slowStart.gapMs };
}

/** After so many answers of one kind. */
export function afterAnswers(slowStart: SlowStart, failed: boolean, count: number): SlowStart {
  if (failed) return { ...slowStart, limit: Math.max(1, Math.floor(slowStart.limit / 2)) };
  const most = Math.max(maxLimit, slowStart.gapMs === null ? 0 : Math.ceil(paceMs / slowStart.gapMs));
  return { ...slowStart, limit: Math.min(most, slowStart.limit + count) };
}
