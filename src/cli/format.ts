/** A duration for display: `850ms`, `12.3s`, `4m 05s`, `2h 03m`, `5 days`. */
export function formatMs(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)}ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1).replace(/\.0$/, '')}s`;
  const seconds = Math.round(ms / 1_000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${String(seconds % 60).padStart(2, '0')}s`;
  if (minutes >= 4_320) return `${Math.round(minutes / 1_440)} days`;
  return `${Math.floor(minutes / 60)}h ${String(minutes % 60).padStart(2, '0')}m`;
}

/** A share from 0 to 1 for display: `<1 %`, `67 %`. */
export function formatShare(share: number): string {
  return share < 0.005 ? '<1 %' : `${Math.round(share * 100)} %`;
}

/** A wall-clock time in epoch ms, as ISO 8601 in UTC. Null for null. */
export function formatMoment(epochMs: number | null): string | null {
  return epochMs === null ? null : new Date(epochMs).toISOString();
}

/** The time of day of a wall-clock time in epoch ms, for people: `01:39:04` in the local time zone. */
export function formatLocalTime(epochMs: number): string {
  return new Date(epochMs).toTimeString().slice(0, 8);
}

/** A count with its noun: `1 task`, `2 tasks`. */
export function quantity(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
