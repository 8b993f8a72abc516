import { isServing, type Region, type RegionHealth } from '../../domain/region.ts';
import { distanceKm } from '../routing/nearest-region.ts';

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

/** Something that is filled: how much one level of it holds, and how much is in it. */
export interface FillTarget {
  /** Above 0. */
  readonly capacity: number;
  readonly load: number;
}

const fillLevel = ({ capacity, load }: FillTarget): number => load / capacity;

/** The level that `amount` more brings the emptiest regions to; the fuller ones stay as they are. */
function levelAfter(fillTargets: readonly FillTarget[], amount: number): number {
  let capacity = 0;
  let held = amount;
  let level = Infinity;
  for (const fillTarget of [...fillTargets].sort((a, b) => fillLevel(a) - fillLevel(b))) {
    if (fillLevel(fillTarget) >= level) break;
    capacity += fillTarget.capacity;
    held += fillTarget.load;
    level = held / capacity;
  }
  return level;
}

/** The regions measured from the level of the emptiest, where small amounts are not lost in the rounding of deep loads. */
function aboveEmptiest(fillTargets: readonly FillTarget[]): readonly FillTarget[] {
  const lowest = fillTargets.reduce((level, fillTarget) => Math.min(level, fillLevel(fillTarget)), Infinity);
  return fillTargets.map(({ capacity, load }) => ({ capacity, load: Math.max(0, load - lowest * capacity) }));
}

/**
 * Which part of `amount` (above 0) each region takes, in their order; adds up to 1.
 *
 * All are filled to one level: to 1, so that the parts are in proportion to what is free, or higher where `amount` is more
 * than what is free. So an emptier region never gets less than a fuller one of its capacity, and no region is overloaded
 * while another has room.
 */
function waterFill(fillTargets: readonly FillTarget[], amount: number): readonly number[] {
  const free = fillTargets.reduce((sum, { capacity, load }) => sum + Math.max(0, capacity - load), 0);
  const relative = aboveEmptiest(fillTargets);
  const level = levelAfter(relative, Math.max(amount, free));
  const taken = relative.map(({ capacity, load }) => Math.max(0, level * capacity - load));
  const sum = taken.reduce((total, each) => total + each, 0);
  return taken.map((each) => each / sum);
}

/** A region with what the plan compares: how much it can work on at once, and how much it has. */
export interface LoadedRegion extends RegionState {
  /** Tasks in work at once, an estimate where the region does not say; above 0. */
  readonly capacity: number;
  /** Tasks that wait there, those included that were sent since its health was measured. */
  readonly load: number;
}

/** A region with trouble is trusted with half of what its workers could do: one that fails fast looks empty, too. */
const degradedFactor = 0.5;

const workersOf = ({ health }: RegionState): number => health.activeWorkers ?? 0;
const tasksOf = ({ health, redirectedCount }: RegionState): number => (health.queueDepth ?? 0) + redirectedCount;
const maxOf = (numbers: readonly number[]): number => numbers.reduce((most, each) => Math.max(most, each), 0);

/**
 * The workers of a region of weight 1 that has none yet or does not count them: as many as the others have on average.
 * Where nobody counts, enough for the deepest queue and one task more, so that depths decide.
 */
function typicalWorkers(serving: readonly RegionState[]): number {
  const known = serving.map(workersOf).filter((workers) => workers > 0);
  if (known.length > 0) return known.reduce((sum, workers) => sum + workers, 0) / known.length;
  return 1 + maxOf(serving.map((state) => tasksOf(state) / state.region.weight));
}

/**
 * Capacity and load of every region, as estimated from those that serve. A queue of unknown depth is taken to be as
 * full, per worker, as the fullest known one, or fuller where more was sent there: silence must not attract tasks.
 */
export function estimateLoads(states: readonly RegionState[]): readonly LoadedRegion[] {
  const serving = states.filter(({ health }) => isServing(health.status));
  const typical = typicalWorkers(serving);
  const capacityOf = (state: RegionState): number =>
    (workersOf(state) || state.region.weight * typical) * (state.health.status === 'degraded' ? degradedFactor : 1);
  const isSilent = ({ health }: RegionState): boolean => health.queueDepth === null;
  const fullest = maxOf(serving.map((state) => (isSilent(state) ? 0 : tasksOf(state) / capacityOf(state))));
  return states.map((state) => {
    const capacity = capacityOf(state);
    return { ...state, capacity, load: Math.max(tasksOf(state), isSilent(state) ? fullest * capacity : 0) };
  });
}

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
function demandOf(home: LoadedRegion): number {
  return Math.max(home.health.queueDepth ?? 0, home.capacity);
}

/** The tasks of `home` spread over `candidates` by free capacity, largest share first. */
export function spreadOver(candidates: readonly LoadedRegion[], home: LoadedRegion): readonly FailoverTarget[] {
  const near = [...candidates].sort(nearestTo(home.region));
  const shares = waterFill(near, demandOf(home));
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
function withinResidency({ residency }: Region): string {
  return residency === null ? '' : ` in residency ${residency}`;
}

/** Why nobody takes the tasks of `home`. */
export function stuckReason(home: Region): string {
  return `no healthy region${withinResidency(home)}`;
}

const pick = { spread: spreadOver, 'lowest-depth': shortestQueue } as const;

/** Why nobody takes the tasks of `home`, and what becomes of them. */
function stuck(home: Region, sendHome: boolean): FailoverMove {
  const reason = sendHome ? 'no healthy region: tasks stay in their own region' : stuckReason(home);
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
