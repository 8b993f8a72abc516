/** A place where tasks may be solved. */
export interface Region {
  readonly name: string;
  /** Latitude and longitude in degrees; null where nobody said, which the name of a known cloud region makes up for. */
  readonly location: readonly [latitude: number, longitude: number] | null;
  /** The health endpoint of its workers, or null. */
  readonly health: string | null;
  /** The queue of its tasks, or null. It may hold a password. */
  readonly queue: string | null;
  /** Multiplies its capacity where the number of workers is unknown. */
  readonly weight: number;
  /** Its residency group, which failover never leaves; null for none. */
  readonly residency: string | null;
}

/**
 * How well a region serves, best first. `degraded` serves with trouble, `idle` has neither workers nor tasks and serves
 * as soon as there is one, `unknown` was not asked or has not been heard of for too long.
 */
export type RegionStatus = 'healthy' | 'degraded' | 'idle' | 'unhealthy' | 'unknown';

/** What is known about a region at a moment. */
export interface RegionHealth {
  readonly region: string;
  readonly status: RegionStatus;
  /** Round trip of the last probe that was answered, in ms; null where none was. */
  readonly latencyMs: number | null;
  /** Null where the region does not say. */
  readonly activeWorkers: number | null;
  readonly queueDepth: number | null;
  /** Since when it has had this status, wall clock in ms since the epoch. */
  readonly since: number;
  /** Why it is not well, as one sentence free of control characters; null where it is well. */
  readonly error: string | null;
}

/** Whether tasks may be sent there: an idle region wakes up, a degraded one works on. */
export function isServing(status: RegionStatus): boolean {
  return status === 'healthy' || status === 'degraded' || status === 'idle';
}
