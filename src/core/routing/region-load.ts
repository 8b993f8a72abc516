import { isServing } from '../../domain/region.ts';
import type { RegionState } from './failover.ts';

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
const mostOf = (numbers: readonly number[]): number => numbers.reduce((most, each) => Math.max(most, each), 0);

/**
 * The workers of a region of weight 1 that has none yet or does not count them: as many as the others have on average.
 * Where nobody counts, enough for the deepest queue and one task more, so that depths decide.
 */
function typicalWorkers(serving: readonly RegionState[]): number {
  const known = serving.map(workersOf).filter((workers) => workers > 0);
  if (known.length > 0) return known.reduce((sum, workers) => sum + workers, 0) / known.length;
  return 1 + mostOf(serving.map((state) => tasksOf(state) / state.region.weight));
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
  const fullest = mostOf(serving.map((state) => (isSilent(state) ? 0 : tasksOf(state) / capacityOf(state))));
  return states.map((state) => {
    const capacity = capacityOf(state);
    return { ...state, capacity, load: Math.max(tasksOf(state), isSilent(state) ? fullest * capacity : 0) };
  });
}
