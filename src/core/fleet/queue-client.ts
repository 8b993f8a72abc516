import { Batcher } from '../../domain/batcher.ts';
import { QueueUnavailableError, TaskRefusedError } from '../../domain/errors.ts';
import { type QueuedTask, queueIdOf, type TaskAddress, type TaskResult } from '../../domain/queued-task.ts';
import type { ResultLease, ResultQueue, ResultReader, TaskQueue } from '../../ports/queues.ts';
import type { Clock } from '../../ports/system.ts';
import type { HomedTask, Placement } from '../regions/failover-router.ts';
import { bringBackMs, LostTasks } from './lost-tasks.ts';
import { retryWhileUnavailable } from './retry-while-unavailable.ts';
import {
  type Dispatch,
  doubt,
  type RoutedTask,
  type Sending,
  TaskRegions,
  type TaskRegionsDeps,
} from './task-region.ts';
import { deadLetterResult, expiredResult, unsolvedResult } from './unsolved-results.ts';

/** Results of a killed reader are available again after this many checks. */
const maxMissedLooks = 3;

/** Finds tasks whose result another reader took, so that it will never arrive here. */
class ExpiredResults {
  readonly #results: Pick<ResultQueue, 'isFinished'>;
  /** By key: consecutive checks that found the task finished. */
  #finished: ReadonlyMap<string, number> = new Map();

  constructor(results: Pick<ResultQueue, 'isFinished'>) {
    this.#results = results;
  }

  /** The keys of awaited tasks that have been finished for too long. Throws `QueueUnavailableError`. */
  async look(awaited: readonly TaskAddress[]): Promise<readonly string[]> {
    const answers = await Promise.all(awaited.map((task) => this.#results.isFinished(task)));
    const finished = awaited.filter((_, index) => answers[index]);
    this.#finished = new Map(finished.map(({ key }) => [key, (this.#finished.get(key) ?? 0) + 1]));
    return [...this.#finished].flatMap(([key, looks]) => (looks >= maxMissedLooks ? key : []));
  }
}

export interface QueueClientDeps extends TaskRegionsDeps {
  /** Queues by region. */
  readonly queues: ReadonlyMap<string, TaskQueue>;
  readonly results: ResultQueue;
  /** Chooses the region for a task. */
  readonly place: (task: HomedTask) => Placement;
  readonly clock: Clock;
  /**
   * Called with an error message for every unreachable queue (`region` null: the results queue), and with null once it
   * is reachable again.
   */
  readonly onUnavailable: (region: string | null, message: string | null) => void;
  /** Shows a notice to the user. */
  readonly notify: (message: string) => void;
}

interface Pending extends Sending {
  /** True once the task is in a queue; a task that is still being sent is not checked for loss. */
  isSent: boolean;
  /** The region whose queue it was sent to; null if it is in none. */
  sentTo: string | null;
  readonly resolve: (result: TaskResult | null) => void;
  readonly reject: (error: unknown) => void;
}

type OnLeft = (countByRegion: ReadonlyMap<string, number>) => void;

/** Engines accept this many at once without delaying others. */
const maxSendSize = 1_000;

/**
 * Sends tasks to one queue in batches: tasks that arrive during a send go with the next one. After a failed send a task
 * may or may not be in the queue.
 */
function createSendBatcher(queue: Pick<TaskQueue, 'send'>): Batcher<QueuedTask, null> {
  let last = Promise.resolve();
  return new Batcher({
    send: async (tasks) => {
      const { failed } = await queue.send(tasks);
      return tasks.map((task) => failed.get(queueIdOf(task)) ?? null);
    },
    // Waits for at least one turn, so that tasks started together are sent together.
    schedule: (flush) => void (last = last.then(flush)),
    countFitting: ({ length }) => Math.min(length, maxSendSize),
  });
}

const receiveMs = 5_000;
const maxConcurrent = 500;
const unavailableRetryMs = 1_000;
const lookEveryMs = 15_000;
/** Interval between two checks for lost tasks. */
const findLostEveryMs = 2_500;
/** For a task that no earlier process knows. */
export const newToAll: Dispatch = { wasQueued: false, beforeSend: () => undefined, recordDoubt: () => undefined };

/**
 * Sends the tasks of one run to the queues of their regions and waits for their results. A result stays in its queue
 * until it is settled. A result that arrives before its task (sent by an earlier process of the run) is kept for it.
 */
export class QueueClient {
  readonly #deps: QueueClientDeps;
  readonly #run: string;
  readonly #reader: ResultReader;
  readonly #sendBatchers: ReadonlyMap<string, Batcher<QueuedTask, null>>;
  readonly #pending = new Map<string, Pending>();
  readonly #arrived = new Map<string, ResultLease>();
  readonly #acks = new Set<Promise<void>>();
  readonly #ended = new AbortController();
  readonly #missing: ExpiredResults;
  readonly #lost: LostTasks;
  readonly #regions: TaskRegions;
  /** Pending or finished registration of the run in each queue, by region. */
  readonly #noted = new Map<string, Promise<void>>();
  #failure: Error | null = null;

  constructor(run: string, deps: QueueClientDeps) {
    this.#run = run;
    this.#deps = deps;
    this.#reader = deps.results.reader(run);
    this.#missing = new ExpiredResults(deps.results);
    this.#lost = new LostTasks(deps);
    this.#regions = new TaskRegions(run, deps);
    this.#sendBatchers = new Map([...deps.queues].map(([region, queue]) => [region, createSendBatcher(queue)]));
  }

  get run(): string {
    return this.#run;
  }

  /** Resolves with the task's result; null if the client ended first. */
  dispatch(queued: RoutedTask, known: Dispatch = newToAll): Promise<TaskResult | null> {
    const arrived = this.#arrived.get(queued.key);
    if (arrived !== undefined) return Promise.resolve(arrived.result);
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (this.#ended.signal.aborted) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      const pending: Pending = { queued, ...known, isSent: false, sentTo: null, isDoubtful: false, resolve, reject };
      this.#pending.set(queued.key, pending);
      this.#send(pending).catch(reject);
    });
  }

  /** Acknowledges a result that has been written: it leaves its queue. */
  settle(key: string): void {
    const lease = this.#arrived.get(key);
    this.#arrived.delete(key);
    if (lease === undefined) return;
    const { clock } = this.#deps;
    const onUnavailable = (message: string): void => this.#deps.onUnavailable(null, message);
    // A result that stays in the queue is found by the next process of the run.
    const ack = retryWhileUnavailable(() => lease.ack(), { clock, onUnavailable, signal: this.#ended.signal })
      .catch((error: unknown) => this.#note(null, error))
      .catch((error: unknown) => this.fail(error))
      .finally(() => this.#acks.delete(ack));
    this.#acks.add(ack);
  }

  /**
   * Collects results until `stop` aborts, then awaits `lastly` and drains the results once more. Tasks without a result
   * stay in the queues, where workers continue with them: `onLeft` gets their number by the region that they were sent
   * to.
   */
  async collect(stop: AbortSignal, lastly: () => Promise<void>, onLeft: OnLeft = () => undefined): Promise<void> {
    if (!this.#deps.isResumed)
      for (const region of this.#deps.queues.keys()) this.#noteRun(region).catch(() => undefined);
    const watches = [this.#watchDead(), this.#watchLost()];
    const watching = Promise.all(watches).catch((error: unknown) => this.fail(error));
    try {
      while (!stop.aborted) this.#take(await this.#receive(receiveMs, stop));
      await lastly();
      for (let last = 1; last > 0;) last = this.#take(await this.#receive(0, this.#ended.signal));
      onLeft(this.#countSent());
    } finally {
      this.#ended.abort();
      for (const { resolve } of this.#pending.values()) resolve(null);
      this.#pending.clear();
      await watching;
    }
  }

  #countSent(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { sentTo } of this.#pending.values())
      if (sentTo !== null) counts.set(sentTo, (counts.get(sentTo) ?? 0) + 1);
    return counts;
  }

  /** Rejects all pending dispatches with this error. */
  fail(error: unknown): void {
    this.#failure = error instanceof Error ? error : new Error(String(error));
    this.#ended.abort();
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }

  /** Returns unsettled results to the queue. */
  async close(): Promise<void> {
    this.#ended.abort();
    await Promise.all(this.#acks);
    await this.#reader.close().catch((error: unknown) => this.#note(null, error));
  }

  /**
   * Registers the run once, and only in its first process: a resumed run must not register again, because a missing
   * registration shows that the queue lost its data.
   */
  #noteRun(region: string): Promise<void> {
    const noting = this.#noted.get(region) ?? this.#deps.queues.get(region)?.noteRun(this.#run) ?? Promise.resolve();
    if (!this.#noted.has(region)) noting.catch(() => this.#noted.delete(region));
    this.#noted.set(region, noting);
    return noting;
  }

  async #send(pending: Pending): Promise<void> {
    const { key } = pending.queued;
    const tried = new Set<string>();
    while (this.#isAwaited(key)) {
      // A lost task is not sent as new; `#watchLost` handles it.
      pending.isSent = pending.wasQueued && (await this.#regions.isLost(pending.queued));
      if (pending.isSent || !this.#isAwaited(key)) return;
      const region = await this.#regionFor(pending, tried);
      if (!this.#isAwaited(key)) return;
      if (region !== null && (await this.#trySend(pending, region))) return;
      if (region !== null) tried.add(region);
      await this.#deps.clock.sleep(unavailableRetryMs, this.#ended.signal);
    }
  }

  #isAwaited(key: string): boolean {
    return !this.#ended.signal.aborted && this.#pending.has(key);
  }

  /** Without an eligible region, the task is queued in its home region. */
  #chosenFor({ homeRegion: home, strict }: RoutedTask): string {
    return this.#deps.place({ home, strict }).region ?? home;
  }

  /** Null if the region cannot be determined now. */
  async #regionFor(pending: Pending, tried: ReadonlySet<string>): Promise<string | null> {
    try {
      return await this.#regions.regionFor(pending, { chosen: this.#chosenFor(pending.queued), tried });
    } catch (error) {
      this.#note(null, error);
      return null;
    }
  }

  async #trySend(pending: Pending, region: string): Promise<boolean> {
    const sendBatcher = this.#sendBatchers.get(region);
    if (sendBatcher === undefined) throw new RangeError(`no queue of ${region}`);
    try {
      if (!this.#deps.isResumed) await this.#noteRun(region);
      await pending.beforeSend();
      await sendBatcher.add(pending.queued);
      pending.isSent = true;
      pending.sentTo = region;
      pending.onSent?.();
      this.#deps.onUnavailable(region, null);
      return true;
    } catch (error) {
      if (error instanceof TaskRefusedError) return this.#giveUp(pending, region, error.message);
      this.#note(region, error);
      return false;
    }
  }

  /** Another region may have a queue of another engine, but the row has one region and should be fixed. */
  #giveUp({ queued }: Pending, region: string, message: string): true {
    const now = this.#deps.clock.timestamp();
    this.#resolve(queued.key, unsolvedResult(queued, { region, reason: 'rejected', message, now }));
    return true;
  }

  async #receive(waitMs: number, signal: AbortSignal): Promise<readonly ResultLease[]> {
    try {
      const leases = await this.#reader.receive(maxConcurrent, waitMs, signal);
      this.#deps.onUnavailable(null, null);
      return leases;
    } catch (error) {
      this.#note(null, error);
      await this.#deps.clock.sleep(waitMs === 0 ? 0 : unavailableRetryMs, signal);
      return [];
    }
  }

  #take(leases: readonly ResultLease[]): number {
    for (const lease of leases) {
      const { key } = lease.result;
      this.#arrived.set(key, lease);
      this.#resolve(key, lease.result);
    }
    return leases.length;
  }

  #resolve(key: string, result: TaskResult): void {
    const pending = this.#pending.get(key);
    pending?.resolve(pending.isDoubtful ? { ...result, possiblyCharged: true } : result);
    this.#pending.delete(key);
  }

  /** Dead-lettered tasks, and tasks whose result another reader took, get no result by themselves. */
  async #watchDead(): Promise<void> {
    const { clock, queues } = this.#deps;
    for (;;) {
      await clock.sleep(lookEveryMs, this.#ended.signal);
      if (this.#ended.signal.aborted) return;
      for (const [region, queue] of queues) await this.#collectDeadTasks(region, queue);
      await this.#findMissingResults();
    }
  }

  async #watchLost(): Promise<void> {
    const { clock } = this.#deps;
    for (;;) {
      await clock.sleep(findLostEveryMs, this.#ended.signal);
      if (this.#ended.signal.aborted) return;
      await this.#findLostTasks().catch((error: unknown) => this.#noteSilently(error));
    }
  }

  async #findLostTasks(): Promise<void> {
    const { clock, notify } = this.#deps;
    const sent = [...this.#pending.values()].filter(({ isSent }) => isSent).map(({ queued }) => queued);
    const { found, backCount, givenUp } = await this.#lost.look(sent, clock.nowMs());
    const tasks = (count: number): string => (count === 1 ? '1 task' : `${count} tasks`);
    if (found.length > 0) {
      const wait = `waiting ${bringBackMs / 1_000}s for workers to return their tasks`;
      notify(`the queues have lost ${tasks(found.length)} of this run: their Redis has lost its data; ${wait}`);
    }
    if (backCount > 0) notify(`${tasks(backCount)} of this run were returned by workers`);
    if (givenUp.length > 0) await this.#queueAgain(givenUp.map(({ key }) => key));
  }

  /** Payments for lost tasks are unknown: all are marked in the journal before they are queued again. */
  async #queueAgain(keys: readonly string[]): Promise<void> {
    const lost = keys.flatMap((key) => this.#pending.get(key) ?? []);
    await Promise.all(lost.map(doubt));
    const byRegion = new Map<string, RoutedTask[]>();
    for (const pending of lost) {
      const { queued } = pending;
      const region = this.#chosenFor(queued);
      pending.sentTo = region;
      byRegion.set(region, [...(byRegion.get(region) ?? []), queued]);
    }
    for (const [region, tasks] of byRegion) {
      await Promise.all(tasks.map((task) => this.#regions.takeOver(task, region)));
      const again = await this.#deps.queues.get(region)?.sendAgain(tasks);
      this.#deps.notify(`${region}: ${again?.fresh.size ?? 0} lost tasks requeued and marked possibly charged`);
    }
  }

  async #collectDeadTasks(region: string, queue: TaskQueue): Promise<void> {
    try {
      if ((await queue.depth()).dead === 0) return;
      const ids = new Set([...this.#pending.values()].map(({ queued }) => queueIdOf(queued)));
      for (const { queued, ...dead } of await queue.findDead(ids)) {
        if (queued === null) continue;
        this.#resolve(queued.key, deadLetterResult({ ...dead, queued }, region, this.#deps.clock.timestamp()));
      }
    } catch (error) {
      this.#note(region, error);
    }
  }

  async #findMissingResults(): Promise<void> {
    try {
      const keys = await this.#missing.look([...this.#pending.values()].map(({ queued }) => queued));
      for (const key of keys) {
        const pending = this.#pending.get(key);
        if (pending !== undefined) this.#resolve(key, expiredResult(pending.queued, this.#deps.clock.timestamp()));
      }
    } catch (error) {
      this.#note(null, error);
    }
  }

  /** Unreachable queues are reported by the send path. */
  #noteSilently(error: unknown): void {
    if (!(error instanceof QueueUnavailableError)) throw error;
  }

  #note(region: string | null, error: unknown): void {
    if (!(error instanceof QueueUnavailableError)) throw error;
    this.#deps.onUnavailable(region, error.message);
  }
}
