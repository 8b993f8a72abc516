import type { QueuedTask } from '../../domain/queued-task.ts';
import type { Region } from '../../domain/region.ts';
import type { FailoverMove } from '../routing/failover.ts';

/**
 * Chooses for one task after the other, so that at every moment each target of the move has its share of those that went,
 * to less than a task. Null for a task that none of the targets may take.
 */
export function plannedTarget(
  { from, to }: FailoverMove,
  regions: readonly Region[],
): (queued: Pick<QueuedTask, 'homeRegion' | 'strict'>) => string | null {
  const groupOf = new Map(regions.map(({ name, residency }) => [name, residency]));
  const sentCounts = new Map<string, number>();
  let sentCount = 0;
  return ({ homeRegion, strict }) => {
    const home = homeRegion ?? from;
    const group = groupOf.get(home) ?? null;
    const allowed = to.filter(({ region }) => {
      if (group !== null) return groupOf.get(region) === group;
      return !strict || region === home;
    });
    const behind = ({ region, share }: (typeof to)[number]): number =>
      share * (sentCount + 1) - (sentCounts.get(region) ?? 0);
    const [target] = [...allowed].sort((a, b) => behind(b) - behind(a));
    if (target === undefined) return null;
    sentCount += 1;
    sentCounts.set(target.region, (sentCounts.get(target.region) ?? 0) + 1);
    return target.region;
  };
}
