import type { Context } from '../../cli/context.ts';
import type { Config } from '../../config/schema.ts';
import { moveTasks, failoverTarget } from '../../core/fleet/move-tasks.ts';
import type { FailoverMove } from '../../core/regions/failover-plan.ts';
import { QueueUnavailableError } from '../../domain/errors.ts';
import type { TaskQueue } from '../../ports/queues.ts';

/** What became of the tasks that waited in one region. */
export interface AppliedMove {
  readonly from: string;
  readonly moved: readonly { readonly region: string; readonly tasks: number }[];
  /** Tasks without an eligible target region. */
  readonly kept: number;
  /** Tasks that its workers hold, which come back if these are dead; null where the queue does not tell. */
  readonly inFlight: number | null;
  /** Why not all could be moved; null where they were. */
  readonly error: string | null;
}

async function inFlightOf(queue: TaskQueue): Promise<number | null> {
  try {
    return (await queue.depth()).inFlight;
  } catch (error) {
    if (error instanceof QueueUnavailableError) return null;
    throw error;
  }
}

/** Moves what waits in the regions of the plan to where the plan says. */
export async function applyFailover(
  moves: readonly FailoverMove[],
  { config, queues }: { config: Config; queues: ReadonlyMap<string, TaskQueue> },
  { interrupt }: Context,
): Promise<readonly AppliedMove[]> {
  const applied: AppliedMove[] = [];
  for (const move of moves) {
    const from = queues.get(move.from);
    if (from === undefined || move.to.length === 0) continue;
    const targetOf = failoverTarget(move, config.regions);
    try {
      const { byRegion, kept } = await moveTasks({ from, to: queues, targetOf, signal: interrupt.stop });
      const moved = [...byRegion].map(([region, tasks]) => ({ region, tasks }));
      applied.push({ from: move.from, moved, kept, inFlight: await inFlightOf(from), error: null });
    } catch (error) {
      if (!(error instanceof QueueUnavailableError)) throw error;
      applied.push({ from: move.from, moved: [], kept: 0, inFlight: null, error: error.message });
    }
  }
  return applied;
}
