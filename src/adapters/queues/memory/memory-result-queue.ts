import type { TaskAddress, TaskResult } from '../../../domain/queued-task.ts';
import type { ResultDepth, ResultLease, ResultQueue, ResultReader } from '../../../ports/queues.ts';
import type { Clock } from '../../../ports/system.ts';
import { Notifier, takeUpTo } from './notifier.ts';

interface RunResults {
  readonly waiting: Map<string, TaskResult>;
  readonly held: Map<string, TaskResult>;
  readonly finished: Set<string>;
  /** Number of readers of exactly this run. */
  readerCount: number;
}

class MemoryReader implements ResultReader {
  readonly #queue: MemoryResultQueue;
  readonly #run: string | null;
  readonly #held = new Map<TaskResult, RunResults>();

  constructor(queue: MemoryResultQueue, run: string | null) {
    this.#queue = queue;
    this.#run = run;
    if (run !== null) queue.resultsOf(run).readerCount += 1;
  }

  async receive(most: number, waitMs: number, signal: AbortSignal): Promise<readonly ResultLease[]> {
    const { clock, bell } = this.#queue;
    const untilMs = clock.nowMs() + waitMs;
    while (!signal.aborted) {
      const results = this.#take(most);
      const leftMs = untilMs - clock.nowMs();
      if (results.length > 0 || leftMs <= 0) return results;
      await bell.wait(leftMs, signal, clock);
    }
    return [];
  }

  async close(): Promise<void> {
    for (const [result, { held, waiting }] of this.#held) {
      held.delete(result.key);
      waiting.set(result.key, result);
    }
    this.#held.clear();
    if (this.#run !== null) this.#queue.resultsOf(this.#run).readerCount -= 1;
    this.#queue.bell.ring();
  }

  #take(most: number): readonly ResultLease[] {
    const places = this.#run === null ? this.#queue.unreadRuns() : [this.#queue.resultsOf(this.#run)];
    return places
      .flatMap((place) => takeUpTo(place.waiting.values(), most).map((result) => ({ place, result })))
      .slice(0, most)
      .map(({ place, result }) => this.#hold(place, result));
  }

  #hold(place: RunResults, result: TaskResult): ResultLease {
    place.waiting.delete(result.key);
    place.held.set(result.key, result);
    this.#held.set(result, place);
    const ack = async (): Promise<void> => {
      if (this.#held.delete(result)) place.held.delete(result.key);
    };
    return { result, ack };
  }
}

/** The results queue of this process. It remembers finished tasks, about 100 bytes each, until the process ends. */
export class MemoryResultQueue implements ResultQueue {
  readonly clock: Clock;
  readonly bell = new Notifier();
  readonly #runs = new Map<string, RunResults>();

  constructor({ clock }: { clock: Clock }) {
    this.clock = clock;
  }

  resultsOf(run: string): RunResults {
    const known = this.#runs.get(run);
    if (known !== undefined) return known;
    const place: RunResults = { waiting: new Map(), held: new Map(), finished: new Set(), readerCount: 0 };
    this.#runs.set(run, place);
    return place;
  }

  unreadRuns(): readonly RunResults[] {
    return [...this.#runs.values()].filter(({ readerCount }) => readerCount === 0);
  }

  async push(result: TaskResult): Promise<'first' | 'duplicate'> {
    const { waiting, finished } = this.resultsOf(result.run);
    if (finished.has(result.key)) return 'duplicate';
    finished.add(result.key);
    waiting.set(result.key, result);
    this.bell.ring();
    return 'first';
  }

  async isFinished({ run, key }: TaskAddress): Promise<boolean> {
    return this.resultsOf(run).finished.has(key);
  }

  reader(run: string | null): ResultReader {
    return new MemoryReader(this, run);
  }

  async depth(): Promise<ResultDepth> {
    const count = (sizeOf: (run: RunResults) => number): number =>
      [...this.#runs.values()].reduce((sum, run) => sum + sizeOf(run), 0);
    return { waiting: count(({ waiting }) => waiting.size), inFlight: count(({ held }) => held.size) };
  }

  /** The results stay: other users in this process may have the queue open. */
  async close(): Promise<void> {
    this.bell.ring();
  }
}
