import { isServing, type Region } from '../../domain/region.ts';
import type { FailoverMove, FailoverOptions, FailoverTarget, RegionState } from './failover.ts';
import {
  candidatesFor,
  demandOf,
  shortestQueue,
  spreadOver,
  stuckReason,
  withinResidency,
} from './failover-targets.ts';
import { estimateLoads, type LoadedRegion } from './region-load.ts';

const pick = { spread: spreadOver, 'lowest-depth': shortestQueue } as const;

/** Why nobody takes the tasks of `home`, and what becomes of them. */
function stuck(home: Region, sendHome: boolean): FailoverMove {
  const reason = sendHome ? 'no healthy region: sent home' : stuckReason(home);
  return { from: home.name, to: [], held: !sendHome, reason };
}

function whyThese(home: Region, candidateCount: number, strategy: FailoverOptions['strategy']): string {
  if (candidateCount === 1) return `the only healthy region${withinResidency(home)}`;
  return strategy === 'spread'
    ? `by free capacity${withinResidency(home)}`
    : `lowest queue depth${withinResidency(home)}`;
}

function withSent(regions: readonly LoadedRegion[], to: readonly FailoverTarget[], count: number): LoadedRegion[] {
  const shares = new Map(to.map(({ region, share }) => [region, share]));
  return regions.map((each) => ({ ...each, load: each.load + count * (shares.get(each.region.name) ?? 0) }));
}

/** Those with the fewest choices choose first, then those that bring most: what is left must suit the others. */
function inPlanningOrder(regions: readonly LoadedRegion[]): readonly LoadedRegion[] {
  const choices = new Map(regions.map((each) => [each, candidatesFor(each.region, regions).length]));
  return regions
    .filter(({ health }) => health.status === 'unhealthy')
    .sort((a, b) => (choices.get(a) ?? 0) - (choices.get(b) ?? 0) || demandOf(b) - demandOf(a));
}

/**
 * Where the tasks of every unhealthy region go, in the order of `states`; regions that serve, and those of which nothing is
 * known, keep theirs. What was redirected already counts as load, and so does what this plan redirects. With no region
 * serving at all and `onAllDown: home`, `to` is empty and nothing is held: tasks stay where they belong and are worked on.
 */
export function planFailover(states: readonly RegionState[], options: FailoverOptions): readonly FailoverMove[] {
  let regions = estimateLoads(states);
  const isAllDown = !states.some(({ health }) => isServing(health.status));
  const moves = new Map<string, FailoverMove>();
  for (const home of inPlanningOrder(regions)) {
    const from = home.region.name;
    const candidates = candidatesFor(home.region, regions);
    const to = pick[options.strategy](candidates, home);
    regions = withSent(regions, to, demandOf(home));
    const move = { from, to, held: false, reason: whyThese(home.region, candidates.length, options.strategy) };
    moves.set(from, to.length > 0 ? move : stuck(home.region, isAllDown && options.onAllDown === 'home'));
  }
  return states.flatMap(({ region }) => moves.get(region.name) ?? []);
}
