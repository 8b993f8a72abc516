import { Batcher } from '../../domain/batcher.ts';
import { QueueUnavailableError } from '../../domain/errors.ts';
import { type QueuedTask, queueIdOf, type TaskAddress, type TaskResult } from '../../domain/queued-task.ts';
import type { DeadTask, ResultLease, ResultQueue, ResultReader, TaskQueue } from '../../ports/queues.ts';
import type { Clock } from '../../ports/system.ts';
import type { HomedTask, Placement } from '../regions/failover-router.ts';
import { gaveUp } from '../solve/attempt-history.ts';
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

/** What a killed reader held is back by then. */
const maxMissedLooks = 3;

/** Finds the tasks whose result was read by somebody else, so that it never comes to whoever waits for it. */
class ExpiredResults {
  readonly #results: Pick<ResultQueue, 'isFinished'>;
  /** How many looks in a row found them finished. */
  #finished: ReadonlyMap<string, number> = new Map();

  constructor(results: Pick<ResultQueue, 'isFinished'>) {
    this.#results = results;
  }

  /** Of those that are waited for, the keys of those that have been finished for too long. Throws `QueueUnavailableError`. */
  async look(awaited: readonly TaskAddress[]): Promise<readonly string[]> {
    const answers = await Promise.all(awaited.map((task) => this.#results.isFinished(task)));
    const finished = awaited.filter((_, index) => answers[index]);
    this.#finished = new Map(finished.map(({ key }) => [key, (this.#finished.get(key) ?? 0) + 1]));
    return [...this.#finished].flatMap(([key, looks]) => (looks >= maxMissedLooks ? key : []));
  }
}

/** What a task ends with whose result was read by somebody else, for whoever waits for it. `now`: epoch ms. */
function expiredResult({ run, key, homeRegion, task, progress }: QueuedTask, now: number): TaskResult {
  const given = gaveUp({ task, attempts: [], durationMs: 0 }, { reason: 'in-doubt', retryInMs: null });
  const message = 'another reader took its result, for example captcha results';
  return {
    ...{ run, key, region: task.region, homeRegion, worker: '', finishedAt: now },
    outcome: { ...given, message },
    attemptCount: progress.state === 'new' ? 1 : progress.attempts,
    possiblyCharged: true,
  };
}

/** What a task that was set aside ends with, for whoever waits for it. `now`: epoch ms. */
function deadLetterResult({ queued, reason, deliveries }: DeadTask, region: string, now: number): TaskResult {
  const { run, key, homeRegion, progress } = queued;
  const task = { ...queued.task, region };
  const given = gaveUp({ task, attempts: [], durationMs: 0 }, { reason: 'attempts-exhausted', retryInMs: null });
  const why = reason ?? `delivered ${deliveries} times without a result`;
  const message = `dead letter in ${region} (${why}); to requeue it: captcha queue requeue ${region} ${queueIdOf(queued)}`;
  const paid = progress.state === 'submitted' ? progress : null;
  return {
    ...{ run, key, region, homeRegion, worker: '', finishedAt: now },
    outcome: { ...given, message, captchaId: paid?.captchaId ?? null, submittedAt: paid?.submittedAt ?? null },
    attemptCount: progress.state === 'new' ? 0 : progress.attempts,
    possiblyCharged: progress.state !== 'new',
  };
}

export interface QueueClientDeps extends TaskRegionsDeps {
  /** Of every region, by its name. */
  readonly queues: ReadonlyMap<string, TaskQueue>;
  readonly results: ResultQueue;
  /** Which region takes a task now. */
  readonly place: (task: HomedTask) => Placement;
  readonly clock: Clock;
  /** Told of every queue that cannot be reached, `region` null for the results; null as soon as it can be again. */
  readonly onUnavailable: (region: string | null, message: string | null) => void;
  /** Told of what a person should know. */
  readonly notify: (message: string) => void;
}

interface Pending extends Sending {
  /** Whether it is in a queue, or was: one that is on its way is not looked for. */
  isSent: boolean;
  readonly resolve: (result: TaskResult | null) => void;
  readonly reject: (error: unknown) => void;
}

/** Engines take so many at once without holding others up. */
const maxSendSize = 1_000;

/** Sends tasks to one queue: what comes while the last lot is on its way goes together. A failed task may or may not be there. */
function sendBatcherOf(queue: Pick<TaskQueue, 'send'>): Batcher<QueuedTask, null> {
  let last = Promise.resolve();
  return new Batcher({
    send: async (tasks) => {
      await queue.send(tasks);
      return tasks.map(() => null);
    },
    // One turn at least, so that tasks which are begun together go together.
    schedule: (flush) => void (last = last.then(flush)),
    countFitting: ({ length }) => Math.min(length, maxSendSize),
  });
}

const receiveMs = 5_000;
const maxConcurrent = 500;
const unavailableRetryMs = 1_000;
const lookEveryMs = 15_000;
/** How often it is looked for tasks that a queue has lost. */
const findLostEveryMs = 2_500;
const newToAll: Dispatch = { wasQueued: false, beforeSend: () => undefined, recordDoubt: () => undefined };

/**
 * Sends the tasks of one run to the queues of their regions and waits for their results. A result stays in its queue until
 * it is settled, and one that comes before its task, left by an earlier process of the run, is kept for it.
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
  /** That the run is noted in the queue, by the region. */
  readonly #noted = new Map<string, Promise<void>>();
  #failure: Error | null = null;

  constructor(run: string, deps: QueueClientDeps) {
    this.#run = run;
    this.#deps = deps;
    this.#reader = deps.results.reader(run);
    this.#missing = new ExpiredResults(deps.results);
    this.#lost = new LostTasks(deps);
    this.#regions = new TaskRegions(run, deps);
    this.#sendBatchers = new Map([...deps.queues].map(([region, queue]) => [region, sendBatcherOf(queue)]));
  }

  get run(): string {
    return this.#run;
  }

  /** Resolves with the task's result; null where the client ended before it came. */
  dispatch(queued: RoutedTask, known: Dispatch = newToAll): Promise<TaskResult | null> {
    const arrived = this.#arrived.get(queued.key);
    if (arrived !== undefined) return Promise.resolve(arrived.result);
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (this.#ended.signal.aborted) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      const pending: Pending = { queued, ...known, isSent: false, isDoubtful: false, resolve, reject };
      this.#pending.set(queued.key, pending);
      this.#send(pending).catch(reject);
    });
  }

  /** The result of the task is where it belongs: it leaves its queue. */
  settle(key: string): void {
    const lease = this.#arrived.get(key);
    this.#arrived.delete(key);
    if (lease === undefined) return;
    const { clock } = this.#deps;
    const onUnavailable = (message: string): void => this.#deps.onUnavailable(null, message);
    // One that stays is found again by the next process of the run, which knows the task.
    const ack = retryWhileUnavailable(() => lease.ack(), { clock, onUnavailable, signal: this.#ended.signal })
      .catch((error: unknown) => this.#note(null, error))
      .catch((error: unknown) => this.fail(error))
      .finally(() => this.#acks.delete(ack));
    this.#acks.add(ack);
  }

  /**
   * Collects results until `stop` aborts, then waits for `lastly` and takes what is there. What has no result by then stays
   * in the queues, where it is worked on.
   */
  async collect(stop: AbortSignal, lastly: () => Promise<void>): Promise<void> {
    if (!this.#deps.isResumed)
      for (const region of this.#deps.queues.keys()) this.#noteRun(region).catch(() => undefined);
    const watches = [this.#watchDead(), this.#watchLost()];
    const watching = Promise.all(watches).catch((error: unknown) => this.fail(error));
    try {
      while (!stop.aborted) this.#take(await this.#receive(receiveMs, stop));
      await lastly();
      for (let last = 1; last > 0;) last = this.#take(await this.#receive(0, this.#ended.signal));
    } finally {
      this.#ended.abort();
      for (const { resolve } of this.#pending.values()) resolve(null);
      this.#pending.clear();
      await watching;
    }
  }

  /** Nobody will have a result: those who wait are told why. */
  fail(error: unknown): void {
    this.#failure = error instanceof Error ? error : new Error(String(error));
    this.#ended.abort();
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }

  /** Hands back what was not settled. */
  async close(): Promise<void> {
    this.#ended.abort();
    await Promise.all(this.#acks);
    await this.#reader.close().catch((error: unknown) => this.#note(null, error));
  }

  /** Once, and by the first process of the run only: what a queue has lost does not come back with its next. */
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
      // One that is lost is not new: what becomes of it is for the next look.
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

  /** Whom nobody may take waits in the queue of its own region. */
  #chosenFor({ homeRegion: home, strict }: RoutedTask): string {
    return this.#deps.place({ home, strict }).region ?? home;
  }

  /** Null where it cannot be found out now. */
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
      this.#deps.onUnavailable(region, null);
      return true;
    } catch (error) {
      this.#note(region, error);
      return false;
    }
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

  /** A task that was set aside has no result until a person queues it again, and one whose result was read has no other. */
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

  /** Nobody knows any more which of them were paid for: all are marked, here first. */
  async #queueAgain(keys: readonly string[]): Promise<void> {
    const lost = keys.flatMap((key) => this.#pending.get(key) ?? []);
    await Promise.all(lost.map(doubt));
    const byRegion = new Map<string, RoutedTask[]>();
    for (const { queued } of lost) {
      const region = this.#chosenFor(queued);
      byRegion.set(region, [...(byRegion.get(region) ?? []), queued]);
    }
    for (const [region, tasks] of byRegion) {
      await Promise.all(tasks.map((task) => this.#regions.takeOver(task, region)));
      const again = await this.#deps.queues.get(region)?.sendAgain(tasks);
      this.#deps.notify(`${region}: ${again?.size ?? 0} lost tasks requeued and marked possibly charged`);
    }
  }

  async #collectDeadTasks(region: string, queue: TaskQueue): Promise<void> {
    try {
      if ((await queue.depth()).dead === 0) return;
      for (const dead of await queue.dead(maxConcurrent)) {
        const isOurs = dead.queued.run === this.#run && this.#pending.has(dead.queued.key);
        if (isOurs) this.#resolve(dead.queued.key, deadLetterResult(dead, region, this.#deps.clock.timestamp()));
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

  /** A queue that is away is told of by whoever sends to it. */
  #noteSilently(error: unknown): void {
    if (!(error instanceof QueueUnavailableError)) throw error;
  }

  #note(region: string | null, error: unknown): void {
    if (!(error instanceof QueueUnavailableError)) throw error;
    this.#deps.onUnavailable(region, error.message);
  }
}
