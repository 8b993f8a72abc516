/*
 * States of one task in a batch. Every step is durable in the journal before the next action.
 *
 *             intent                 submitted                solved or failed,
 *   new --------------> in doubt ---------------> submitted -------------------> finished
 *    ^                  |      ^                      |        with the row
 *    +---- refused -----+      +------- intent -------+
 *     nothing was accepted:      another attempt; the
 *     the state before           accepted id is dead
 *     the intent
 *
 * A task also finishes from `new` and `in doubt` if it fails without an accepted id. What a later run does with a task:
 *
 *   new         submits it
 *   in doubt    submits it, marked possibly charged; with leaveInDoubt it fails instead
 *   submitted   polls the id
 *   finished    keeps its row; retryFailed and resolveExpiredAt begin failed and expired tasks again
 *
 * States of the run:
 *
 *   reading --limit, unreadable input, end of input--> finishing: no task is begun, tasks in work go on --> ended
 *      |                                                   |                                                  ^
 *      +--interrupt, another bound, account, base URL------+--> stopping: nothing is submitted, known ids ----+
 *      |                                                        are polled
 *      +--error of the journal or the output--> rejects at once; the journal has what is in work
 */

import { joinSignals } from '../../domain/joined-signal.ts';
import type { TaskJournal } from '../../ports/files.ts';
import {
  type BatchItem,
  type BatchPlan,
  type BatchResult,
  type PriorRun,
  isBegunAgain,
  planAgain,
  planTask,
  type ResumeOptions,
  type RowSink,
  type SolvePlan,
} from './batch-plan.ts';
import type { ConcurrencyLimit, TaskSlot } from './concurrency-limit.ts';
import { type ItemWork, leaveItem } from './solve-item.ts';
import type { StopReason, StopRules } from './stop-rules.ts';

type Values = Readonly<Record<string, string>>;

/** Writes rows in the order of their places, in whatever order they arrive. Holds up to `size` rows. */
export class OrderedRows {
  readonly #sink: RowSink;
  readonly #size: number;
  readonly #held = new Map<number, Values | null>();
  readonly #waiting: (() => void)[] = [];
  #next = 0;
  #places = 0;
  #writing = Promise.resolve();

  constructor(sink: RowSink, size: number) {
    this.#sink = sink;
    this.#size = size;
  }

  /** Takes the next place, and waits while its row would be too far ahead of the next row to be written. */
  async takePlace(): Promise<number> {
    const place = this.#places;
    this.#places += 1;
    while (place >= this.#next + this.#size) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return place;
  }

  /** Puts the row at its place; null leaves the place empty. Resolves when all rows that are due have been written. */
  put(place: number, values: Values | null): Promise<void> {
    this.#held.set(place, values);
    // One writer at a time: two concurrent writes could change the order.
    this.#writing = this.#writing.then(() => this.#writeReady());
    return this.#writing;
  }

  async #writeReady(): Promise<void> {
    for (let values = this.#held.get(this.#next); values !== undefined; values = this.#held.get(this.#next)) {
      if (values !== null) await this.#sink.write(values);
      this.#held.delete(this.#next);
      this.#next += 1;
    }
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

/**
 * Yields the items until `stop` aborts. After that it does not wait for the next item, which may never come. The source
 * is asked to end; errors of its ending are ignored.
 */
export async function* abortable<T>(items: AsyncIterable<T>, stop: AbortSignal): AsyncIterable<T> {
  const iterator = items[Symbol.asyncIterator]();
  // One listener for all items: a race against one promise would keep a reference per item.
  let wake: () => void = () => undefined;
  stop.addEventListener('abort', () => wake(), { once: true });
  try {
    while (!stop.aborted) {
      const next = await new Promise<IteratorResult<T> | null>((resolve, reject) => {
        wake = () => resolve(null);
        iterator.next().then(resolve, reject);
      });
      if (next === null || next.done === true) return;
      yield next.value;
    }
  } finally {
    void iterator.return?.().catch(() => undefined);
  }
}

export interface BatchOptions extends ResumeOptions {
  /** Size of the window that holds rows back to write them in input order; null writes rows as they finish. */
  readonly orderWindow: number | null;
  /** True if the next item may never come, for example from a pipe: the run then ends without waiting for it. */
  readonly inputMayStall: boolean;
}

export interface BatchDeps {
  readonly journal: TaskJournal;
  readonly limit: ConcurrencyLimit;
  readonly rules: StopRules;
  /** Solves one task, in this process or by a worker; null if the task stays open. */
  readonly solve: (work: ItemWork<SolvePlan>) => Promise<BatchResult | null>;
  readonly sink: RowSink;
  /** The columns of a finished task's row, as they will be written. */
  readonly rowOf: (result: BatchResult) => Values;
  /** Reads a task's history from its row. */
  readonly priorRunIn: (values: Values) => PriorRun;
  /** True if the task of a row cannot be solved by another submission, so its row is kept. Undefined: never. */
  readonly isUsedUp?: (item: BatchItem, values: Values) => boolean;
  /** Called for every task that got its row in this run. */
  readonly record: (result: BatchResult) => void;
}

class BatchRun {
  readonly #options: BatchOptions;
  readonly #deps: BatchDeps;
  readonly #ordered: OrderedRows | null;
  readonly #running = new Set<Promise<void>>();
  /** Aborts when no task is in work, none may be started, and the next item has not arrived. */
  readonly #idle = new AbortController();
  #isReading = true;
  #fail: (error: unknown) => void = () => undefined;
  #firstFinished: string | null = null;

  constructor(options: BatchOptions, deps: BatchDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#ordered = options.orderWindow === null ? null : new OrderedRows(deps.sink, options.orderWindow);
  }

  /** Rejects at once with the first error; tasks in flight are in the journal. */
  run(items: AsyncIterable<BatchItem>): Promise<StopReason | null> {
    const failed = new Promise<never>((_resolve, reject) => {
      this.#fail = (error) => {
        this.#deps.rules.stopFor('failure');
        reject(error instanceof Error ? error : new Error(String(error)));
      };
    });
    return Promise.race([this.#all(items), failed]);
  }

  async #all(items: AsyncIterable<BatchItem>): Promise<StopReason | null> {
    const { rules } = this.#deps;
    const { inputMayStall } = this.#options;
    const enough = joinSignals(rules.stop, this.#idle.signal);
    try {
      await this.#read(inputMayStall ? abortable(items, enough.signal) : items);
    } finally {
      enough.release();
    }
    this.#isReading = false;
    await Promise.all(this.#running);
    await this.#writeHeldBack();
    return rules.reason;
  }

  async #read(items: AsyncIterable<BatchItem>): Promise<void> {
    for await (const item of items) {
      const place = (await this.#ordered?.takePlace()) ?? 0;
      const plan = await this.#plan(item);
      const slot = plan.do === 'nothing' ? null : await this.#mayBegin();
      if (plan.do !== 'nothing' && slot !== null) this.#start({ item, plan, slot }, place);
      else await this.#keep(item, place);
      if (this.#hasReadEnough()) break;
    }
  }

  async #plan(item: BatchItem): Promise<Exclude<BatchPlan, { do: 'begin-again' }>> {
    const { key } = item;
    const { journal, priorRunIn, isUsedUp } = this.#deps;
    const plan = planTask(journal.progressOf(key), this.#options);
    if (plan.do !== 'begin-again') return plan;
    const finished = await journal.rowOf(key);
    if (finished === null) throw new Error(`the journal has no row for the finished task ${key}`);
    if (!isBegunAgain(finished, this.#options)) return { do: 'nothing' };
    return isUsedUp?.(item, finished.values) === true ? { do: 'nothing' } : planAgain(priorRunIn(finished.values));
  }

  /** Waits for a slot for one more task and takes it; null if no more tasks may be started. */
  async #mayBegin(): Promise<TaskSlot | null> {
    const { limit, rules } = this.#deps;
    if (!rules.mayStart()) return null;
    const slot = await limit.acquire(rules.stop);
    if (!rules.stop.aborted) return slot;
    slot.release();
    return null;
  }

  /** With input order, the rows of earlier runs must still be read after the last task was started. */
  #hasReadEnough(): boolean {
    const { reason } = this.#deps.rules;
    return reason === 'failure' || (reason !== null && this.#ordered === null);
  }

  #start(started: ItemWork, place: number): void {
    this.#deps.rules.recordStart();
    const ended = (): void => {
      started.slot.release();
      this.#running.delete(work);
      if (this.#running.size === 0) this.#checkIdle();
    };
    const work = this.#work(started, place).then(ended, (error: unknown) => {
      this.#fail(error);
      ended();
    });
    this.#running.add(work);
  }

  /** If no task may be started, the run need not wait for more items of an input that may stall. */
  #checkIdle(): void {
    const isWaiting = this.#isReading && this.#options.inputMayStall;
    if (isWaiting && !this.#deps.rules.mayGoOn()) this.#idle.abort();
  }

  async #work({ item, plan, slot }: ItemWork, place: number): Promise<void> {
    const result = plan.do === 'leave' ? leaveItem({ item, plan }) : await this.#deps.solve({ item, plan, slot });
    if (result === null) return this.#keep(item, place);
    const values = await this.#finish(result);
    await (this.#ordered === null ? this.#deps.sink.write(values) : this.#ordered.put(place, values));
  }

  async #finish(result: BatchResult): Promise<Values> {
    const { journal, rowOf, record, rules } = this.#deps;
    const { item, outcome } = result;
    const values = rowOf(result);
    const expiresAt = outcome.status === 'solved' ? outcome.expiresAt : null;
    this.#firstFinished ??= item.key;
    await journal.finished({ key: item.key, status: outcome.status, expiresAt, values });
    record(result);
    rules.recordFinished(outcome.status === 'failed');
    return values;
  }

  /** A task that is not started keeps its row from an earlier run. With input order, that row is written again here. */
  async #keep(item: BatchItem, place: number): Promise<void> {
    if (this.#ordered === null) return;
    const finished = await this.#deps.journal.rowOf(item.key);
    await this.#ordered.put(place, finished?.values ?? null);
  }

  /**
   * Writes the rows that were held back for tasks which this run did not finish. They go before the rows of finished
   * tasks.
   */
  async #writeHeldBack(): Promise<void> {
    const { retryFailed, resolveExpiredAt } = this.#options;
    if (this.#ordered !== null || !(retryFailed || resolveExpiredAt !== null)) return;
    for await (const finished of this.#deps.journal.finishedTasks()) {
      if (finished.key === this.#firstFinished) return;
      if (isBegunAgain(finished, this.#options)) await this.#deps.sink.write(finished.values);
    }
  }
}

/**
 * Solves many tasks: up to the concurrency limit at once, with every step in the journal before it is taken, and one
 * row per task. Returns the reason for an early stop, or null. Rejects with the first error of the journal or the sink.
 */
export function runBatch(
  items: AsyncIterable<BatchItem>,
  options: BatchOptions,
  deps: BatchDeps,
): Promise<StopReason | null> {
  return new BatchRun(options, deps).run(items).finally(() => deps.rules.end());
}
