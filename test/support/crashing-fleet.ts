import type { VirtualClock } from '../../src/adapters/virtual/virtual-clock.ts';
import type { SolverApi } from '../../src/ports/api.ts';
import type { ResultQueue, TaskLease, TaskQueue } from '../../src/ports/queues.ts';
import type { Random } from '../../src/ports/system.ts';
import type { CrashingProcess } from './crashing-process.ts';

const never = (): Promise<never> => new Promise(() => undefined);

function crashingLease(lease: TaskLease, life: CrashingProcess): TaskLease {
  return {
    queued: lease.queued,
    delivery: lease.delivery,
    lost: lease.lost,
    forgotten: lease.forgotten,
    save: (progress) => life.take(() => lease.save(progress)),
    ack: () => life.take(() => lease.ack()),
    offer: (place) => life.take(() => lease.offer(place)),
    moved: () => life.take(() => lease.moved()),
    release: (delayMs) => life.take(() => lease.release(delayMs)),
    releaseUncounted: () => life.take(() => lease.releaseUncounted()),
    deadLetter: (reason) => life.take(() => lease.deadLetter(reason)),
  };
}

/** A queue as seen by a process that may crash. */
export function crashingQueue(queue: TaskQueue, life: CrashingProcess): TaskQueue {
  return {
    place: queue.place,
    send: (tasks) => life.take(() => queue.send(tasks)),
    sendAgain: (tasks) => life.take(() => queue.sendAgain(tasks)),
    bringBack: (task) => life.take(() => queue.bringBack(task)),
    noteRun: (run) => queue.noteRun(run),
    knowsRun: (run) => queue.knowsRun(run),
    holds: (tasks) => queue.holds(tasks),
    receive: async (most, waitMs, signal) => {
      const leases = await life.take(() => queue.receive(most, waitMs, signal));
      return leases.map((lease) => crashingLease(lease, life));
    },
    depth: () => (life.isDead ? never() : queue.depth()),
    dead: (most) => queue.dead(most),
    findDead: (ids) => queue.findDead(ids),
    requeue: (ids) => queue.requeue(ids),
    close: () => queue.close(),
  };
}

export function crashingResults(results: ResultQueue, life: CrashingProcess): ResultQueue {
  return {
    push: (result) => life.take(() => results.push(result)),
    isFinished: (task) => life.take(() => results.isFinished(task)),
    reader: (run) => results.reader(run),
    depth: () => results.depth(),
    close: () => results.close(),
  };
}

interface Accepted {
  readonly taskId: string;
  readonly at: number;
}

/** A service that solves everything some time after accepting it, and keeps counts. */
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

  /** The service as seen by a process that may crash. */
  api(life: CrashingProcess): SolverApi {
    const later = async (): Promise<void> => this.#clock.sleep(this.#random.next() * 1_000);
    return {
      submit: (task) =>
        life.take(async () => {
          await later();
          this.accepted.push({ taskId: task.taskId, at: this.#clock.nowMs() });
          return `c${this.accepted.length}`;
        }),
      poll: (id) =>
        life.take(async () => {
          await later();
          const { at, taskId } = this.accepted[Number(id.slice(1)) - 1]!;
          const isReady = this.#clock.nowMs() - at > 20_000;
          return isReady ? { ready: true, solution: { text: `token of ${taskId}`, fields: {} } } : { ready: false };
        }),
    };
  }
}
