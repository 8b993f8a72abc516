import type { QueuedTask, TaskAddress } from '../../domain/queued-task.ts';
import type { ResultQueue, TaskQueue } from '../../ports/queues.ts';

/** The queues and results in which a task may be. */
export interface TaskPlaces {
  readonly queues: ReadonlyMap<string, Pick<TaskQueue, 'holds'>>;
  readonly results: Pick<ResultQueue, 'isFinished'>;
}

async function outside<T extends TaskAddress>(
  tasks: readonly T[],
  queues: TaskPlaces['queues'],
): Promise<readonly T[]> {
  let missing = tasks;
  for (const queue of queues.values()) {
    if (missing.length === 0) break;
    const held = await queue.holds(missing);
    missing = missing.filter((_, index) => held[index] === false);
  }
  return missing;
}

/**
 * The sent tasks that are in no queue and have no result: their Redis has lost its data. Throws
 * `QueueUnavailableError`, because an unreachable queue may hold them.
 */
export async function lostOf<T extends TaskAddress>(tasks: readonly T[], places: TaskPlaces): Promise<readonly T[]> {
  // A task that moves between two queues is always in one of them, but one pass may miss it: hence two passes.
  const missing = await outside(await outside(tasks, places.queues), places.queues);
  // Checked last: a task leaves its queue only after its result was stored.
  const finished = await Promise.all(missing.map((task) => places.results.isFinished(task)));
  return missing.filter((_, index) => finished[index] === false);
}

/** Lost tasks of one check. */
export interface LostTasksReport {
  /** Found lost for the first time. */
  readonly found: readonly QueuedTask[];
  /** Found lost earlier, and now in a queue again or finished: a worker brought them back. */
  readonly backCount: number;
  /**
   * Lost for longer than `bringBackMs`: no worker brings them back, and payments for them are unknown. No longer
   * tracked.
   */
  readonly givenUp: readonly QueuedTask[];
}

/** Longer than workers need to notice a data loss and to bring back their tasks, in ms. */
export const bringBackMs = 10_000;

/** Tracks the lost tasks of a run. */
export class LostTasks {
  readonly #places: TaskPlaces;
  /** When each task was first found lost, by key, in ms on the monotonic clock. */
  #since: ReadonlyMap<string, number> = new Map();

  constructor(places: TaskPlaces) {
    this.#places = places;
  }

  /** Checks sent tasks that have no result yet. Throws `QueueUnavailableError`. */
  async look(awaited: readonly QueuedTask[], nowMs: number): Promise<LostTasksReport> {
    const lost = await lostOf(awaited, this.#places);
    const before = this.#since;
    const isGivenUp = ({ key }: TaskAddress): boolean => nowMs - (before.get(key) ?? nowMs) >= bringBackMs;
    const lostKeys = new Set(lost.map(({ key }) => key));
    const waited = lost.filter((task) => !isGivenUp(task));
    this.#since = new Map(waited.map(({ key }) => [key, before.get(key) ?? nowMs]));
    return {
      found: lost.filter(({ key }) => !before.has(key)),
      backCount: [...before.keys()].filter((key) => !lostKeys.has(key)).length,
      givenUp: lost.filter(isGivenUp),
    };
  }
}
