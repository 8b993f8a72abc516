/** RFC 9110 10.2.3: the seconds are digits; a decimal part is sent all the same. */
const deltaSeconds = /^\d+(\.\d+)?$/;
/** Every HTTP date, of the three formats, begins with the day's name; `Date.parse` alone reads far too much. */
const httpDate = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /;

/**
 * How long a `Retry-After` header asks to wait, in ms, however long that is; null where it says nothing
 * understandable or names a moment that has passed. `timestamp` is the wall clock, in ms since the epoch.
 */
export function retryAfterMs(header: string | null, timestamp: number): number | null {
  const text = (header ?? '').trim();
  if (deltaSeconds.test(text)) return Number.isFinite(Number(text) * 1_000) ? Math.ceil(Number(text) * 1_000) : null;
  if (!httpDate.test(text)) return null;
  // asctime, the oldest of the formats, names no zone and means UTC.
  const waitMs = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`) - timestamp;
  return waitMs >= 0 ? waitMs : null;
}
