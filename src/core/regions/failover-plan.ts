import { isServing, type Region, type RegionHealth } from '../../domain/region.ts';
import { distanceKm } from '../routing/nearest-region.ts';

/** The keys `failover.*` of the configuration that determine the target regions. */
export interface FailoverOptions {
  /** `spread` distributes by free capacity; `lowest-depth` sends all tasks to the shortest queue. */
  readonly strategy: 'spread' | 'lowest-depth';
  /** If no region serves: `hold` keeps the tasks in their queues, `home` routes them as if all regions were healthy. */
  readonly onAllDown: 'hold' | 'home';
}

/** The inputs of the plan for one region. */
export interface RegionState {
  readonly region: Region;
  readonly health: RegionHealth;
  /** Tasks redirected to this region since `health` was measured; its queue depth does not include them yet. */
  readonly redirectedCount: number;
}

/** A region that takes another region's tasks, and its share of them: above 0, up to 1. */
export interface FailoverTarget {
  readonly region: string;
  readonly share: number;
}

/** The targets for the tasks of one region that does not serve. */
export interface FailoverMove {
  readonly from: string;
  /** Shares add up to 1, largest first; empty if the tasks are held or sent home. */
  readonly to: readonly FailoverTarget[];
  /** True if no region may take the tasks: they wait in their queue. */
  readonly held: boolean;
  /** A phrase for the user, such as `no healthy region in residency eu`. */
  readonly reason: string;
}

/** A container for `waterFill`. Its level is `load / capacity`. */
export interface FillTarget {
  /** Above 0. */
  readonly capacity: number;
  readonly load: number;
}

const fillLevel = ({ capacity, load }: FillTarget): number => load / capacity;

/** The common level of the emptiest regions after they took `amount` more; fuller regions do not change. */
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

/**
 * Loads relative to the emptiest region's level, so that small amounts are not lost to rounding next to large loads.
 */
function aboveEmptiest(fillTargets: readonly FillTarget[]): readonly FillTarget[] {
  const lowest = fillTargets.reduce((level, fillTarget) => Math.min(level, fillLevel(fillTarget)), Infinity);
  return fillTargets.map(({ capacity, load }) => ({ capacity, load: Math.max(0, load - lowest * capacity) }));
}

/**
 * The share of `amount` (above 0) that each region takes, in their order; the shares add up to 1.
 *
 * All regions are filled to one level: to level 1, in proportion to their free capacity, or higher if `amount` exceeds
 * the free capacity. So an emptier region never gets less than a fuller one of the same capacity, and no region is
 * overloaded while another has free capacity.
 */
function waterFill(fillTargets: readonly FillTarget[], amount: number): readonly number[] {
  const free = fillTargets.reduce((sum, { capacity, load }) => sum + Math.max(0, capacity - load), 0);
  const relative = aboveEmptiest(fillTargets);
  const level = levelAfter(relative, Math.max(amount, free));
  const taken = relative.map(({ capacity, load }) => Math.max(0, level * capacity - load));
  const sum = taken.reduce((total, each) => total + each, 0);
  return taken.map((each) => each / sum);
}

/** A region with its estimated capacity and load. */
export interface LoadedRegion extends RegionState {
  /** Tasks in work at once, estimated if the region does not report it; above 0. */
  readonly capacity: number;
  /** Waiting tasks, including those redirected since the health was measured. */
  readonly load: number;
}

/** A degraded region counts with half its capacity: a region that fails fast looks empty. */
const degradedFactor = 0.5;

const workersOf = ({ health }: RegionState): number => health.activeWorkers ?? 0;
const tasksOf = ({ health, redirectedCount }: RegionState): number => (health.queueDepth ?? 0) + redirectedCount;
const maxOf = (numbers: readonly number[]): number => numbers.reduce((most, each) => Math.max(most, each), 0);

/**
 * Assumed workers of a region of weight 1 that has none or does not report them: the average of the other regions. If
 * no region reports workers, the deepest queue's length plus one, so that queue depths decide.
 */
function typicalWorkers(serving: readonly RegionState[]): number {
  const known = serving.map(workersOf).filter((workers) => workers > 0);
  if (known.length > 0) return known.reduce((sum, workers) => sum + workers, 0) / known.length;
  return 1 + maxOf(serving.map((state) => tasksOf(state) / state.region.weight));
}

/**
 * Estimates capacity and load of every region from the serving ones. A queue of unknown depth counts as full, per
 * worker, as the fullest known one, or fuller if more was redirected there: a missing report must not attract tasks.
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

/** The regions that may take tasks of `home`: other serving regions, within its residency group if it has one. */
export function candidatesFor<T extends LoadedRegion>(home: Region, regions: readonly T[]): readonly T[] {
  return regions.filter(
    ({ region, health }) =>
      region.name !== home.name &&
      isServing(health.status) &&
      (home.residency === null || region.residency === home.residency),
  );
}

/** Orders regions for `home` when their load is equal: nearest first, unknown locations last, then by name. */
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

/**
 * The expected number of tasks from `home`: its backlog, or at least what keeps its workers busy, as new tasks keep
 * coming.
 */
function demandOf(home: LoadedRegion): number {
  return Math.max(home.health.queueDepth ?? 0, home.capacity);
}

/** Spreads the tasks of `home` over `candidates` by free capacity, largest share first. */
export function spreadOver(candidates: readonly LoadedRegion[], home: LoadedRegion): readonly FailoverTarget[] {
  const near = [...candidates].sort(nearestTo(home.region));
  const shares = waterFill(near, demandOf(home));
  return near
    .map(({ region }, index) => ({ region: region.name, share: shares[index] ?? 0 }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share);
}

/**
 * Sends the tasks of `home` to the shortest queue, regardless of its workers: the rule of the article. An unknown depth
 * comes last.
 */
export function shortestQueue(candidates: readonly LoadedRegion[], home: LoadedRegion): readonly FailoverTarget[] {
  const depthOf = ({ health }: LoadedRegion): number => health.queueDepth ?? Number.MAX_VALUE;
  const near = nearestTo(home.region);
  const [best] = [...candidates].sort((a, b) => depthOf(a) - depthOf(b) || near(a, b));
  return best === undefined ? [] : [{ region: best.region.name, share: 1 }];
}

/** A suffix that names the residency group to which a region's tasks are restricted; empty if there is none. */
function withinResidency({ residency }: Region): string {
  return residency === null ? '' : ` in residency ${residency}`;
}

/** Why no region can take the tasks of `home`. */
export function stuckReason(home: Region): string {
  return `no healthy region${withinResidency(home)}`;
}

const pick = { spread: spreadOver, 'lowest-depth': shortestQueue } as const;

/** The move for a region whose tasks no other region can take. */
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

/**
 * Plans regions with the fewest candidates first, then those with the most tasks, because later regions have to use the
 * remaining capacity.
 */
function inPlanningOrder(regions: readonly LoadedRegion[]): readonly LoadedRegion[] {
  const choices = new Map(regions.map((each) => [each, candidatesFor(each.region, regions).length]));
  return regions
    .filter(({ health }) => health.status === 'unhealthy')
    .sort((a, b) => (choices.get(a) ?? 0) - (choices.get(b) ?? 0) || demandOf(b) - demandOf(a));
}

/**
 * Plans the targets for the tasks of every unhealthy region, in the order of `states`. Serving and unknown regions keep
 * their tasks. Tasks redirected earlier and by this plan count as load. If no region serves and `onAllDown` is `home`,
 * `to` is empty and nothing is held: the tasks stay in their home regions.
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
