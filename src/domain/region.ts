/** A region whose workers can solve tasks. */
export interface Region {
  readonly name: string;
  /** Latitude and longitude in degrees; null if not configured, then the name of a known cloud region is used. */
  readonly location: readonly [latitude: number, longitude: number] | null;
  /** Health endpoint of its workers, or null. */
  readonly health: string | null;
  /** URL of its task queue, or null. May contain a password. */
  readonly queue: string | null;
  /** Multiplies its capacity if the number of workers is unknown. */
  readonly weight: number;
  /** Its residency group, which tasks never leave through failover; null for none. */
  readonly residency: string | null;
}

/**
 * The status of a region, best first. `degraded` works with trouble. `idle` has neither workers nor tasks, and works as
 * soon as it gets one. `unknown` was not probed, or its last probe is too old.
 */
export const regionStatuses = ['healthy', 'degraded', 'idle', 'unhealthy', 'unknown'] as const;

export type RegionStatus = (typeof regionStatuses)[number];

/** What is known about a region at a point in time. */
export interface RegionHealth {
  readonly region: string;
  readonly status: RegionStatus;
  /** Round trip of the latest probe, in ms; null if it got no answer. */
  readonly latencyMs: number | null;
  /** Null if the region does not report it. */
  readonly activeWorkers: number | null;
  readonly queueDepth: number | null;
  /** Start of this status, wall clock in ms since the epoch. */
  readonly since: number;
  /** What is wrong, or why the region is idle, as a phrase without control characters; null if there is nothing to say. */
  readonly error: string | null;
}

/** True if tasks may be sent there: idle and degraded regions included. */
export function isServing(status: RegionStatus): boolean {
  return status === 'healthy' || status === 'degraded' || status === 'idle';
}
