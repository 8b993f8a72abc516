import type { QueuedTask, TaskAddress } from '../../domain/queued-task.ts';
import type { ResultQueue, TaskQueue } from '../../ports/queues.ts';

/** Where a task or its result may be. */
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
 * Of tasks that were sent, those that no queue knows any more and that have no result: their Redis has lost its data.
 * Throws `QueueUnavailableError`: what cannot be looked at may hold them.
 */
export async function lostOf<T extends TaskAddress>(tasks: readonly T[], places: TaskPlaces): Promise<readonly T[]> {
  // A task on its way from one queue to another is in one of them whenever it is looked for, and found at the second look.
  const missing = await outside(await outside(tasks, places.queues), places.queues);
  // Asked last: a task leaves its queue only after its result is there.
  const finished = await Promise.all(missing.map((task) => places.results.isFinished(task)));
  return missing.filter((_, index) => finished[index] === false);
}

/** Tasks that were found lost at some look. */
export interface LostTasksReport {
  /** Found for the first time. */
  readonly found: readonly QueuedTask[];
  /** Found before and back in a queue, or finished: whoever held them has brought them back. */
  readonly backCount: number;
  /** Lost for so long that no worker will bring them back: what was paid for them cannot be known. They are forgotten here. */
  readonly givenUp: readonly QueuedTask[];
}

/** Longer than workers take to notice that a queue has lost its data, and to bring back what they hold. In ms. */
export const bringBackMs = 10_000;

/** Follows which tasks of a run are lost, and since when. */
export class LostTasks {
  readonly #places: TaskPlaces;
  /** When each was first found lost, by its key, on the monotonic clock. */
  #since: ReadonlyMap<string, number> = new Map();

  constructor(places: TaskPlaces) {
    this.#places = places;
  }

  /** Looks for tasks that were sent and have no result yet. Throws `QueueUnavailableError`. */
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
