import { isServing, type Region } from '../../domain/region.ts';
import type { FailoverTarget } from './failover.ts';
import { levelShares } from './level-shares.ts';
import { distanceKm } from './region-distance.ts';
import type { LoadedRegion } from './region-load.ts';

/** The regions that may take tasks of `home`: others that serve, of its residency group where it has one. */
export function candidatesFor<T extends LoadedRegion>(home: Region, regions: readonly T[]): readonly T[] {
  return regions.filter(
    ({ region, health }) =>
      region.name !== home.name &&
      isServing(health.status) &&
      (home.residency === null || region.residency === home.residency),
  );
}

/** Orders regions for `home` where load does not: the nearest first, those of unknown place last, then by name. */
export function nearestTo(home: Region): (a: LoadedRegion, b: LoadedRegion) => number {
  const distances = new Map<Region, number>();
  const awayKm = (region: Region): number => {
    const known = distances.get(region) ?? distanceKm(home, region) ?? Number.MAX_VALUE;
    distances.set(region, known);
    return known;
  };
  const byName = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
  return (a, b) => awayKm(a.region) - awayKm(b.region) || byName(a.region.name, b.region.name);
}

/** How many tasks come from `home`: its backlog, or as many as keep its workers busy, since new ones keep coming. */
export function demandOf(home: LoadedRegion): number {
  return Math.max(home.health.queueDepth ?? 0, home.capacity);
}

/** The tasks of `home` spread over `candidates` by free capacity, largest share first. */
export function spreadOver(candidates: readonly LoadedRegion[], home: LoadedRegion): readonly FailoverTarget[] {
  const near = [...candidates].sort(nearestTo(home.region));
  const shares = levelShares(near, demandOf(home));
  return near
    .map(({ region }, index) => ({ region: region.name, share: shares[index] ?? 0 }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share);
}

/** The tasks of `home` on the shortest queue, whatever works on it: the rule of the article. An unknown depth comes last. */
export function shortestQueue(candidates: readonly LoadedRegion[], home: LoadedRegion): readonly FailoverTarget[] {
  const depthOf = ({ health }: LoadedRegion): number => health.queueDepth ?? Number.MAX_VALUE;
  const near = nearestTo(home.region);
  const [best] = [...candidates].sort((a, b) => depthOf(a) - depthOf(b) || near(a, b));
  return best === undefined ? [] : [{ region: best.region.name, share: 1 }];
}

/** Where a region's tasks may go, as words behind others: nothing, or the residency group that they never leave. */
export function withinResidency({ residency }: Region): string {
  return residency === null ? '' : ` in residency ${residency}`;
}

/** Why nobody takes the tasks of `home`. */
export function stuckReason(home: Region): string {
  return `no healthy region${withinResidency(home)}`;
}
