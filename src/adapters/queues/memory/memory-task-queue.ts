import { LeaseLostError } from '../../../domain/errors.ts';
import type { OpenProgress, QueuedTask } from '../../../domain/queued-task.ts';
import type { DeadTask, QueueDepth, SendReport, TaskLease, TaskQueue } from '../../../ports/queues.ts';
import { UnsearchableTaskQueue } from '../unsearchable-task-queue.ts';
import type { HeldTask, MemoryTasks } from './memory-tasks.ts';

class MemoryLease implements TaskLease {
  readonly id: string;
  readonly queued: QueuedTask;
  readonly delivery: number;
  readonly forgotten = new AbortController().signal;
  readonly #lost = new AbortController();
  readonly #tasks: MemoryTasks;
  readonly #task: HeldTask;

  constructor(tasks: MemoryTasks, task: HeldTask) {
    this.#tasks = tasks;
    this.#task = task;
    this.id = task.id;
    this.queued = task.queued;
    this.delivery = task.deliveries;
    task.onLost = () => this.#lost.abort();
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  isHeld(): boolean {
    return !this.#lost.signal.aborted && this.#tasks.isHeld(this.#task);
  }

  async save(progress: OpenProgress): Promise<void> {
    if (!this.isHeld()) throw new LeaseLostError(`the task ${this.id} was given to another worker`);
    this.#tasks.save(this.#task, progress);
  }

  async ack(): Promise<boolean> {
    return this.#end(() => this.#tasks.remove(this.#task));
  }

  async offer(): Promise<OpenProgress | null> {
    return this.isHeld() ? this.#task.queued.progress : null;
  }

  async moved(): Promise<boolean> {
    return this.ack();
  }

  async release(delayMs = 0): Promise<boolean> {
    return this.#end(() => this.#tasks.giveBack(this.#task, delayMs));
  }

  async releaseUncounted(): Promise<boolean> {
    return this.#end(() => this.#tasks.giveBackUncounted(this.#task));
  }

  async deadLetter(reason: string): Promise<boolean> {
    return this.#end(() => this.#tasks.bury(this.#task, reason));
  }

  #end(how: () => void): boolean {
    const isHeld = this.isHeld();
    if (isHeld) how();
    return isHeld;
  }
}

/** One user's handle to the in-process tasks of a region. `close` returns its held tasks at once. */
export class MemoryTaskQueue extends UnsearchableTaskQueue implements TaskQueue {
  readonly #tasks: MemoryTasks;
  readonly #leases = new Set<MemoryLease>();

  constructor(tasks: MemoryTasks) {
    super();
    this.#tasks = tasks;
  }

  /** In one process a moved task leaves no copies, so one name is enough for all regions. */
  get place(): string {
    return 'memory';
  }

  async send(tasks: readonly QueuedTask[]): Promise<SendReport> {
    return { fresh: this.#tasks.add(tasks), failed: new Map() };
  }

  async sendAgain(tasks: readonly QueuedTask[]): Promise<SendReport> {
    return this.send(tasks);
  }

  async receive(most: number, waitMs: number, signal: AbortSignal): Promise<readonly TaskLease[]> {
    const { clock, bell } = this.#tasks;
    const untilMs = clock.nowMs() + waitMs;
    while (!signal.aborted) {
      const leases = this.#tasks.take(most).map((task) => new MemoryLease(this.#tasks, task));
      const leftMs = untilMs - clock.nowMs();
      if (leases.length > 0 || leftMs <= 0) return this.#hold(leases);
      await bell.wait(Math.min(leftMs, this.#tasks.nextInMs()), signal, clock);
    }
    return [];
  }

  async depth(): Promise<QueueDepth> {
    return this.#tasks.depth();
  }

  async dead(most: number): Promise<readonly DeadTask[]> {
    return this.#tasks.dead(most);
  }

  async findDead(ids: ReadonlySet<string>): Promise<readonly DeadTask[]> {
    return this.#tasks.findDead(ids);
  }

  async requeue(ids: readonly string[] | null): Promise<number> {
    return this.#tasks.requeue(ids);
  }

  async close(): Promise<void> {
    for (const lease of this.#leases) if (lease.isHeld()) this.#tasks.expire(lease.id);
    this.#leases.clear();
  }

  #hold(leases: readonly MemoryLease[]): readonly MemoryLease[] {
    for (const lease of this.#leases) if (!lease.isHeld()) this.#leases.delete(lease);
    for (const lease of leases) this.#leases.add(lease);
    return leases;
  }
}
