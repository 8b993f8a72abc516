import type { Context } from '../../cli/context.ts';
import type { Config } from '../../config/schema.ts';
import { moveTasks, failoverTarget } from '../../core/fleet/move-tasks.ts';
import type { FailoverMove } from '../../core/regions/failover-plan.ts';
import { QueueUnavailableError } from '../../domain/errors.ts';
import type { QueueDepth, TaskQueue } from '../../ports/queues.ts';

/** What became of the tasks that waited in one region. */
export interface AppliedMove {
  readonly from: string;
  readonly moved: readonly { readonly region: string; readonly tasks: number }[];
  /** Waiting tasks that stay; null where the queue does not tell. */
  readonly kept: number | null;
  /** Why tasks stay, as a phrase; null if none do. */
  readonly keptWhy: string | null;
  /** Tasks that its workers hold, which come back if these are dead; null where the queue does not tell. */
  readonly inFlight: number | null;
  /** Why not all could be moved; null where they were. */
  readonly error: string | null;
}

async function depthOf(queue: TaskQueue): Promise<Pick<QueueDepth, 'waiting' | 'inFlight'> | null> {
  try {
    return await queue.depth();
  } catch (error) {
    if (error instanceof QueueUnavailableError) return null;
    throw error;
  }
}

/** What stays in a region whose tasks have no target. */
async function stay({ from, held, reason }: FailoverMove, queue: TaskQueue): Promise<AppliedMove> {
  const depth = await depthOf(queue);
  const keptWhy = held ? `held: ${reason}` : reason;
  return { from, moved: [], kept: depth?.waiting ?? null, keptWhy, inFlight: depth?.inFlight ?? null, error: null };
}

const noTarget = 'no eligible target region';

/** Moves what waits in the regions of the plan to where the plan says. */
export async function applyFailover(
  moves: readonly FailoverMove[],
  { config, queues }: { config: Config; queues: ReadonlyMap<string, TaskQueue> },
  { interrupt }: Context,
): Promise<readonly AppliedMove[]> {
  const applied: AppliedMove[] = [];
  for (const move of moves) {
    const from = queues.get(move.from);
    if (from === undefined) continue;
    if (move.to.length === 0) {
      applied.push(await stay(move, from));
      continue;
    }
    const targetOf = failoverTarget(move, config.regions);
    try {
      const { byRegion, kept } = await moveTasks({ from, to: queues, targetOf, signal: interrupt.stop });
      const moved = [...byRegion].map(([region, tasks]) => ({ region, tasks }));
      const inFlight = (await depthOf(from))?.inFlight ?? null;
      const keptWhy = kept === 0 ? null : noTarget;
      applied.push({ from: move.from, moved, kept, keptWhy, inFlight, error: null });
    } catch (error) {
      if (!(error instanceof QueueUnavailableError)) throw error;
      applied.push({ from: move.from, moved: [], kept: 0, keptWhy: null, inFlight: null, error: error.message });
    }
  }
  return applied;
}
