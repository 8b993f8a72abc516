import type { QueuedTask } from '../../../src/domain/queued-task.ts';
import type { TaskQueue } from '../../../src/ports/queues.ts';
import * as queued from '../../support/queued.ts';
import type { QueueBench } from './queue-benches.ts';
import type { StoppableClock } from './stopped-clock.ts';

let [regionCount, runCount] = [0, 0];

/** A region and a run of one test. */
export class QueueStage {
  readonly bench: QueueBench;
  readonly region = `region-${(regionCount += 1)}`;
  /** Each test has its own tasks, because the places of tasks are remembered. */
  readonly #run = `run-${(runCount += 1)}`;
  readonly #opened: TaskQueue[] = [];
  /** The first process's handle to the tasks of the region. */
  readonly queue: TaskQueue;

  constructor(bench: QueueBench) {
    this.bench = bench;
    this.queue = this.another();
  }

  readonly aQueuedTask = (n: number, special: Partial<QueuedTask> = {}): QueuedTask =>
    queued.aQueuedTask(n, { run: this.#run, ...special });

  readonly someQueuedTasks = (count: number, special: Partial<QueuedTask> = {}): QueuedTask[] =>
    queued.someQueuedTasks(count, { run: this.#run, ...special });

  /** Another process's handle to the tasks of the region. */
  another(special: Parameters<QueueBench['tasks']>[1] = {}): TaskQueue {
    return this.#open(this.bench.tasks(this.region, special));
  }

  /** One that will lose what it holds: it dies, or its clock stands still. */
  failing(clock?: StoppableClock): TaskQueue {
    return this.another({ hasBriefLeases: true, ...(clock !== undefined && { clock }) });
  }

  /** The tasks of another region. */
  elsewhere(): TaskQueue {
    return this.#open(this.bench.tasks(`region-${(regionCount += 1)}`));
  }

  async close(): Promise<void> {
    await Promise.all(this.#opened.map((each) => each.close()));
  }

  #open(queue: TaskQueue): TaskQueue {
    this.#opened.push(queue);
    return queue;
  }
}
