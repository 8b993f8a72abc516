import type { VirtualClock } from '../../src/adapters/virtual/virtual-clock.ts';
import type { Random } from '../../src/ports/random.ts';
import type { ResultQueue } from '../../src/ports/result-queue.ts';
import type { SolverApi } from '../../src/ports/solver-api.ts';
import type { TaskLease, TaskQueue } from '../../src/ports/task-queue.ts';

const never = (): Promise<never> => new Promise(() => undefined);

/** A process that takes so many steps and then not one more: what it was about to do is not done. */
export class Life {
  isOver = false;
  #stepsLeft: number;

  constructor(steps: number) {
    this.#stepsLeft = steps;
  }

  /** Does the work, between two instants at which the process may die. */
  async through<T>(work: () => Promise<T>): Promise<T> {
    await this.#step();
    const done = await work();
    await this.#step();
    return done;
  }

  #step(): Promise<void> {
    this.#stepsLeft -= 1;
    this.isOver ||= this.#stepsLeft < 0;
    return this.isOver ? never() : Promise.resolve();
  }
}

function mortalLease(lease: TaskLease, life: Life): TaskLease {
  return {
    queued: lease.queued,
    delivery: lease.delivery,
    lost: lease.lost,
    save: (progress) => life.through(() => lease.save(progress)),
    ack: () => life.through(() => lease.ack()),
    moved: () => life.through(() => lease.moved()),
    release: (delayMs) => life.through(() => lease.release(delayMs)),
    deadLetter: (reason) => life.through(() => lease.deadLetter(reason)),
  };
}

/** A queue as a process sees it that may die. */
export function mortalQueue(queue: TaskQueue, life: Life): TaskQueue {
  return {
    send: (tasks) => life.through(() => queue.send(tasks)),
    receive: async (most, waitMs, signal) => {
      const leases = await life.through(() => queue.receive(most, waitMs, signal));
      return leases.map((lease) => mortalLease(lease, life));
    },
    depth: () => (life.isOver ? never() : queue.depth()),
    dead: (most) => queue.dead(most),
    requeue: (ids) => queue.requeue(ids),
    close: () => queue.close(),
  };
}

export function mortalResults(results: ResultQueue, life: Life): ResultQueue {
  return {
    push: (result) => life.through(() => results.push(result)),
    isFinished: (task) => life.through(() => results.isFinished(task)),
    reader: (run) => results.reader(run),
    depth: () => results.depth(),
    close: () => results.close(),
  };
}

interface Accepted {
  readonly taskId: string;
  readonly at: number;
}

/** A service that solves everything some time after it accepted it, and keeps count. */
export class CountingService {
  readonly accepted: Accepted[] = [];
  readonly #clock: VirtualClock;
  readonly #random: Random;

  constructor(clock: VirtualClock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  timesOf(taskId: string): number {
    return this.accepted.filter((each) => each.taskId === taskId).length;
  }

  /** As a process sees it that may die. */
  api(life: Life): SolverApi {
    const later = async (): Promise<void> => this.#clock.sleep(this.#random.next() * 1_000);
    return {
      submit: (task) =>
        life.through(async () => {
          await later();
          this.accepted.push({ taskId: task.taskId, at: this.#clock.nowMs() });
          return `c${this.accepted.length}`;
        }),
      poll: (id) =>
        life.through(async () => {
          await later();
          const { at, taskId } = this.accepted[Number(id.slice(1)) - 1]!;
          const isReady = this.#clock.nowMs() - at > 20_000;
          return isReady ? { ready: true, solution: { text: `token of ${taskId}`, fields: {} } } : { ready: false };
        }),
    };
  }
}
