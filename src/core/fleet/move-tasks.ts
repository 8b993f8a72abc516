import { QueueUnavailableError } from '../../domain/errors.ts';
import { type QueuedTask, queueIdOf } from '../../domain/queued-task.ts';
import type { Region } from '../../domain/region.ts';
import type { TaskLease, TaskQueue } from '../../ports/queues.ts';
import type { FailoverMove } from '../regions/failover-plan.ts';

/** A move of waiting tasks from one queue to others. */
export interface Move {
  readonly from: TaskQueue;
  /** Target queues by region. */
  readonly to: ReadonlyMap<string, TaskQueue>;
  /** The target region of a task; null if it stays. */
  readonly targetOf: (queued: QueuedTask) => string | null;
  /** Aborts when no further task may be moved. */
  readonly signal: AbortSignal;
}

export interface Moved {
  /** Number of moved tasks by region. */
  readonly byRegion: ReadonlyMap<string, number>;
  /** Number of tasks that stayed because no region may take them. */
  readonly kept: number;
}

const maxConcurrent = 100;
/** Long enough for an engine that asks only some of its servers on a short poll. */
const waitMs = 1_000;
/** Tasks that stay are held until the end of the move, so that they are not received twice. */
const maxKept = 5_000;

/** The tasks of one move that are out of their queue. */
class Transport {
  readonly #move: Move;
  readonly #held = new Set<TaskLease>();
  readonly #byRegion = new Map<string, number>();
  #keptCount = 0;

  constructor(move: Move) {
    this.#move = move;
  }

  get isFull(): boolean {
    return this.#keptCount >= maxKept;
  }

  async take(leases: readonly TaskLease[]): Promise<void> {
    const groups = new Map<string | null, TaskLease[]>();
    for (const lease of leases) {
      this.#held.add(lease);
      const target = this.#move.targetOf(lease.queued);
      groups.set(target, [...(groups.get(target) ?? []), lease]);
    }
    for (const [target, group] of groups) await this.#bring(target, group);
  }

  async end(): Promise<void> {
    await Promise.allSettled([...this.#held].map((lease) => lease.release()));
  }

  moved(): Moved {
    return { byRegion: this.#byRegion, kept: this.#keptCount };
  }

  async #bring(target: string | null, group: readonly TaskLease[]): Promise<void> {
    const queue = target === null ? undefined : this.#move.to.get(target);
    if (target === null || queue === undefined) {
      this.#keptCount += group.length;
      return;
    }
    const copies = new Map<TaskLease, QueuedTask>();
    const offers = group.map(async (lease) => {
      const progress = await lease.offer(queue.place);
      if (progress !== null) copies.set(lease, { ...lease.queued, progress });
    });
    await Promise.all(offers);
    const { fresh, failed } = await queue.send([...copies.values()]);
    // An existing copy may be dropped as a duplicate at this moment: the task stays until the next move.
    const leaving = [...copies].flatMap(([lease, copy]) => (fresh.has(queueIdOf(copy)) ? lease : []));
    const left = await Promise.all(leaving.map((lease) => lease.moved()));
    for (const lease of leaving) this.#held.delete(lease);
    this.#byRegion.set(target, (this.#byRegion.get(target) ?? 0) + left.filter(Boolean).length);
    const away = [...failed.values()].find((error) => error instanceof QueueUnavailableError);
    if (away !== undefined) throw away;
    // The target queue refuses them.
    this.#keptCount += failed.size;
  }
}

/**
 * Moves the waiting tasks of a queue, under the same ids and with their progress. A task is added to the target queue
 * before it leaves this one. A crash in between leaves two copies; the first one to start is the task. Throws
 * `QueueUnavailableError`; tasks that were not moved stay in their queue.
 */
export async function moveTasks(move: Move): Promise<Moved> {
  const { from, signal } = move;
  const transport = new Transport(move);
  try {
    while (!signal.aborted && !transport.isFull) {
      const leases = await from.receive(maxConcurrent, waitMs, signal);
      if (leases.length === 0) break;
      await transport.take(leases);
    }
    return transport.moved();
  } finally {
    await transport.end();
  }
}

/**
 * Chooses targets one by one, so that after every task each target has its share of the tasks moved so far, to within
 * one task. Null for a task that no target may take.
 */
export function failoverTarget(
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
