import type { Region, RegionHealth } from '../../domain/region.ts';

/** The keys `failover.*` of the configuration that decide where tasks go. */
export interface FailoverOptions {
  /** `spread` shares by free capacity; `lowest-depth` gives all to the shortest queue. */
  readonly strategy: 'spread' | 'lowest-depth';
  /** With no region serving: `hold` the tasks in their queues, or send them `home` as if all were well. */
  readonly onAllDown: 'hold' | 'home';
}

/** What the plan is made from. */
export interface RegionState {
  readonly region: Region;
  readonly health: RegionHealth;
  /** Tasks that were sent there from elsewhere since `health` was measured, and do not show in it yet. */
  readonly redirectedCount: number;
}

/** A region that takes tasks of another, and which part of them: above 0, up to 1. */
export interface FailoverTarget {
  readonly region: string;
  readonly share: number;
}

/** Where the tasks of a region that does not serve go. */
export interface FailoverMove {
  readonly from: string;
  /** Shares add up to 1, largest first; empty where the tasks are held, or sent home. */
  readonly to: readonly FailoverTarget[];
  /** True where there is no region that may take them, and they wait in their queue. */
  readonly held: boolean;
  /** One phrase for a person, such as `no healthy region in residency eu`. */
  readonly reason: string;
}
