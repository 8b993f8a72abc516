import { MemoryResultQueue } from '../../src/adapters/queues/memory/memory-result-queue.ts';
import { MemoryTaskQueue } from '../../src/adapters/queues/memory/memory-task-queue.ts';
import { MemoryTasks } from '../../src/adapters/queues/memory/memory-tasks.ts';
import { clockUntil } from '../../src/adapters/system/system-clock.ts';
import { seededRandom } from '../../src/adapters/virtual/seeded-random.ts';
import { VirtualClock } from '../../src/adapters/virtual/virtual-clock.ts';
import { ConcurrencyLimit } from '../../src/core/batch/concurrency-limit.ts';
import { WorkerStats } from '../../src/core/fleet/worker-metrics.ts';
import { Worker, type WorkerDeps, type WorkerOptions, WorkerPause } from '../../src/core/fleet/worker.ts';
import { ProcessBreaker } from '../../src/core/resilience/circuit-breaker.ts';
import { ProcessRetryBudget } from '../../src/core/resilience/retry-budget.ts';
import { Solver, type SolverOptions } from '../../src/core/solve/solver.ts';
import type { QueuedTask, TaskResult } from '../../src/domain/queued-task.ts';
import type { SolverApi } from '../../src/ports/api.ts';
import type { ResultQueue, TaskQueue } from '../../src/ports/queues.ts';
import { aTask, someOptions } from './builders.ts';
import { usualBreaker, usualBudget, usualTiming } from './solver-harness.ts';

export const keyOf = (row: number): string => row.toString(16).padStart(32, '0');

/** A queued turnstile task, with these differences. */
export function aQueuedTask(row: number, special: Partial<QueuedTask> = {}): QueuedTask {
  return {
    run: 'run-a',
    key: keyOf(row),
    task: aTask({ taskId: `t${row}` }),
    homeRegion: 'home',
    strict: false,
    enqueuedAt: 0,
    progress: { state: 'new' },
    ...special,
  };
}

export function someQueuedTasks(count: number): QueuedTask[] {
  return Array.from({ length: count }, (_, index) => aQueuedTask(index + 1));
}

/** What outlives a worker: the queue, the results, the service. */
export class FleetWorld {
  readonly clock = new VirtualClock();
  readonly tasks = new MemoryTasks({ clock: this.clock });
  readonly results = new MemoryResultQueue({ clock: this.clock });

  /** The results so far, without removing them. */
  async read(): Promise<readonly TaskResult[]> {
    const reader = this.results.reader('run-a');
    const leases = await reader.receive(10_000, 0, new AbortController().signal);
    await reader.close();
    return leases.map(({ result }) => result);
  }
}

export interface WorkerParts {
  readonly world: FleetWorld;
  readonly api: SolverApi;
  readonly queue?: TaskQueue;
  readonly results?: ResultQueue;
  readonly options?: Partial<WorkerOptions>;
  readonly solver?: Partial<SolverOptions>;
  readonly concurrency?: number;
  readonly seed?: number;
}

/** A worker with the production solver, in virtual time. */
export function aWorker(parts: WorkerParts) {
  const { world, api } = parts;
  const { clock } = world;
  const random = seededRandom(parts.seed ?? 1);
  const queue = parts.queue ?? new MemoryTaskQueue(world.tasks);
  const interrupt = new AbortController();
  const pause = new WorkerPause({ clock });
  const stats = new WorkerStats();
  const told: string[] = [];
  const solverDeps = {
    ...{ api, random, timing: () => usualTiming },
    budget: new ProcessRetryBudget(usualBudget, { clock }),
    breaker: new ProcessBreaker(usualBreaker, { clock, random }),
    emit: pause.recordEvent.bind(pause),
  };
  const concurrency = parts.concurrency ?? 4;
  const limit = new ConcurrencyLimit({ start: concurrency, max: concurrency }, { clock });
  const options: WorkerOptions = {
    ...{ region: 'home', worker: 'w1', maxDeliveries: 10 },
    ...{ drainTimeoutMs: 100_000, exitWhenIdleMs: 10_000 },
    ...parts.options,
  };
  const deps: WorkerDeps = {
    ...{ queue, results: parts.results ?? world.results, limit, clock, pause, stats },
    solverUntil: (left) =>
      new Solver(someOptions({ onExhausted: 'pause', ...parts.solver }), {
        ...solverDeps,
        clock: clockUntil(left, clock),
      }),
    interrupt: interrupt.signal,
    notify: (message) => told.push(message),
  };
  return { worker: new Worker(options, deps), queue, limit, interrupt, pause, stats, told };
}
