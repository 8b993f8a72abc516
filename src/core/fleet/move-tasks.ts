import { type QueuedTask, queueIdOf } from '../../domain/queued-task.ts';
import type { Region } from '../../domain/region.ts';
import type { TaskLease, TaskQueue } from '../../ports/queues.ts';
import type { FailoverMove } from '../regions/failover-plan.ts';

/** Tasks that wait in a queue and are to go elsewhere. */
export interface Move {
  readonly from: TaskQueue;
  /** By the region. */
  readonly to: ReadonlyMap<string, TaskQueue>;
  /** The region that takes a task; null where it stays. */
  readonly targetOf: (queued: QueuedTask) => string | null;
  /** Aborts when no more are to be moved. */
  readonly signal: AbortSignal;
}

export interface Moved {
  /** How many went to each region. */
  readonly byRegion: ReadonlyMap<string, number>;
  /** How many stayed, since nobody may take them. */
  readonly kept: number;
}

const maxConcurrent = 100;
/** Long enough for an engine that asks only some of its servers when it is asked to hurry. */
const waitMs = 1_000;
/** Those that stay are held until the end, so that they are not met again. */
const maxKept = 5_000;

/** Tasks that were taken out of a queue, on their way. */
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
    const fresh = await queue.send([...copies.values()]);
    // A copy that was there before may be dropped at this moment, as one too many: the task stays until the next move.
    const leaving = [...copies].flatMap(([lease, copy]) => (fresh.has(queueIdOf(copy)) ? lease : []));
    const left = await Promise.all(leaving.map((lease) => lease.moved()));
    for (const lease of leaving) this.#held.delete(lease);
    this.#byRegion.set(target, (this.#byRegion.get(target) ?? 0) + left.filter(Boolean).length);
  }
}

/**
 * Moves what waits in a queue, each task under the same id, with its progress. It is in the other queue before it leaves
 * this one: whoever dies in between leaves two copies, of which the one that is begun first is the task. Throws
 * `QueueUnavailableError`; what was not moved then is where it was.
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
 * Chooses for one task after the other, so that at every moment each target of the move has its share of those that went,
 * to less than a task. Null for a task that none of the targets may take.
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
