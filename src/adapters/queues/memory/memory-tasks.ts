import { type OpenProgress, type QueuedTask, queueIdOf } from '../../../domain/queued-task.ts';
import type { DeadTask, QueueDepth } from '../../../ports/queues.ts';
import type { Clock } from '../../../ports/system.ts';
import { Notifier, takeUpTo } from './notifier.ts';

interface WaitingTask {
  readonly id: string;
  readonly queued: QueuedTask;
  readonly deliveries: number;
}

/** One delivery of a task. */
export interface HeldTask extends WaitingTask {
  queued: QueuedTask;
  /** Called when the task is taken away from its holder. */
  onLost: () => void;
}

interface DelayedTask extends WaitingTask {
  readonly dueMs: number;
}

interface DeadLetter extends WaitingTask {
  readonly reason: string;
}

/** The in-process tasks of one region, shared by all handles. */
export class MemoryTasks {
  readonly clock: Clock;
  /** Rings when there may be a task to take. */
  readonly bell = new Notifier();
  readonly #waiting = new Map<string, WaitingTask>();
  readonly #delayed = new Map<string, DelayedTask>();
  readonly #held = new Map<string, HeldTask>();
  readonly #dead = new Map<string, DeadLetter>();

  constructor({ clock }: { clock: Clock }) {
    this.clock = clock;
  }

  /** Returns the ids of the tasks that were not in the queue yet. */
  add(tasks: readonly QueuedTask[]): ReadonlySet<string> {
    const fresh = tasks
      .map((queued) => ({ id: queueIdOf(queued), queued, deliveries: 0 }))
      .filter(({ id }) => ![this.#waiting, this.#delayed, this.#held, this.#dead].some((place) => place.has(id)));
    for (const task of fresh) this.#waiting.set(task.id, task);
    this.bell.ring();
    return new Set(fresh.map(({ id }) => id));
  }

  take(most: number): readonly HeldTask[] {
    this.#promote();
    return takeUpTo(this.#waiting.values(), most).map(({ id, queued, deliveries }) => {
      const task: HeldTask = { id, queued, deliveries: deliveries + 1, onLost: () => undefined };
      this.#waiting.delete(id);
      this.#held.set(id, task);
      return task;
    });
  }

  /** Time until the next delayed task is due, in ms; Infinity if there is none. */
  nextInMs(): number {
    const dueMs = [...this.#delayed.values()].map((task) => task.dueMs);
    return Math.min(Infinity, ...dueMs) - this.clock.nowMs();
  }

  isHeld(task: HeldTask): boolean {
    return this.#held.get(task.id) === task;
  }

  save(task: HeldTask, progress: OpenProgress): void {
    task.queued = { ...task.queued, progress };
  }

  remove({ id }: HeldTask): void {
    this.#held.delete(id);
  }

  /** Takes the task away from its holder and requeues it, as after a crash of the holder. */
  expire(id: string): void {
    const task = this.#held.get(id);
    if (task === undefined) return;
    task.onLost();
    this.giveBack(task, 0);
  }

  /** Returns the task as if it had not been delivered. */
  giveBackUncounted({ id, queued, deliveries }: HeldTask): void {
    this.#held.delete(id);
    this.#waiting.set(id, { id, queued, deliveries: deliveries - 1 });
    this.bell.ring();
  }

  giveBack({ id, queued, deliveries }: HeldTask, delayMs: number): void {
    this.#held.delete(id);
    if (delayMs > 0) this.#delayed.set(id, { id, queued, deliveries, dueMs: this.clock.nowMs() + delayMs });
    else this.#waiting.set(id, { id, queued, deliveries });
    this.bell.ring();
  }

  bury({ id, queued, deliveries }: HeldTask, reason: string): void {
    this.#held.delete(id);
    this.#dead.set(id, { id, queued, deliveries, reason });
  }

  dead(most: number): readonly DeadTask[] {
    return takeUpTo(this.#dead.values(), most);
  }

  findDead(ids: ReadonlySet<string>): readonly DeadTask[] {
    return [...ids].flatMap((id) => this.#dead.get(id) ?? []);
  }

  requeue(ids: readonly string[] | null): number {
    const chosen = [...this.#dead.values()].filter(({ id }) => ids === null || ids.includes(id));
    for (const { id, queued } of chosen) {
      this.#dead.delete(id);
      this.#waiting.set(id, { id, queued, deliveries: 0 });
    }
    this.bell.ring();
    return chosen.length;
  }

  depth(): QueueDepth {
    const waiting = [...this.#waiting.values(), ...this.#delayed.values()];
    const since = waiting.reduce((oldest, { queued }) => Math.min(oldest, queued.enqueuedAt), Infinity);
    return {
      waiting: waiting.length,
      inFlight: this.#held.size,
      oldestAgeMs: waiting.length === 0 ? null : Math.max(0, this.clock.timestamp() - since),
      dead: this.#dead.size,
    };
  }

  #promote(): void {
    const nowMs = this.clock.nowMs();
    for (const { dueMs, ...task } of [...this.#delayed.values()]) {
      if (dueMs > nowMs) continue;
      this.#delayed.delete(task.id);
      this.#waiting.set(task.id, task);
    }
  }
}
