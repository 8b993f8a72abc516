import { QueueUnavailable } from '../../domain/queue-unavailable.ts';
import { doubtful, queueIdOf, type QueuedTask } from '../../domain/queued-task.ts';
import type { TaskResult } from '../../domain/task-result.ts';
import type { Awaitable } from '../../ports/awaitable.ts';
import type { Clock } from '../../ports/clock.ts';
import type { FleetState } from '../../ports/fleet-state.ts';
import type { ResultLease, ResultQueue, ResultReader } from '../../ports/result-queue.ts';
import type { TaskQueue } from '../../ports/task-queue.ts';
import type { HomedTask, Placement } from '../routing/failover-router.ts';
import { MissingResults, missingResult } from './missing-results.ts';
import { Outbox } from './outbox.ts';
import { setAsideResult } from './set-aside-result.ts';
import { whileAway } from './while-away.ts';

/** A task that belongs to a region, as every task of a dispatcher does. */
export type RoutedTask = QueuedTask & { readonly homeRegion: string };

export interface DispatcherDeps {
  /** Of every region, by its name. */
  readonly queues: ReadonlyMap<string, TaskQueue>;
  readonly results: ResultQueue;
  /** Where tasks are that were begun; null where nobody knows. */
  readonly state: Pick<FleetState, 'placeOf' | 'takeOver'> | null;
  /** Whether an earlier process of the run may have sent its tasks. */
  readonly isContinued: boolean;
  /** Which region takes a task now. */
  readonly place: (task: HomedTask) => Placement;
  readonly clock: Clock;
  /** Told of every queue that cannot be reached, `region` null for the results; null as soon as it can be again. */
  readonly onAway: (region: string | null, message: string | null) => void;
}

interface Pending {
  queued: RoutedTask;
  /** It may be paid for in two places, whichever result comes. */
  isDoubtful: boolean;
  readonly recordDoubt: () => Awaitable<void>;
  readonly resolve: (result: TaskResult | null) => void;
  readonly reject: (error: unknown) => void;
}

const receiveMs = 5_000;
const mostAtOnce = 500;
const awayMs = 1_000;
const lookEveryMs = 15_000;

/**
 * Sends the tasks of one run to the queues of their regions and waits for their results. A result stays in its queue until
 * it is settled, and one that comes before its task, left by an earlier process of the run, is kept for it.
 */
export class Dispatcher {
  readonly #deps: DispatcherDeps;
  readonly #run: string;
  readonly #reader: ResultReader;
  readonly #outboxes: ReadonlyMap<string, Outbox>;
  readonly #pending = new Map<string, Pending>();
  readonly #arrived = new Map<string, ResultLease>();
  readonly #acks = new Set<Promise<void>>();
  readonly #ended = new AbortController();
  readonly #missing: MissingResults;
  #failure: Error | null = null;

  constructor(run: string, deps: DispatcherDeps) {
    this.#run = run;
    this.#deps = deps;
    this.#reader = deps.results.reader(run);
    this.#missing = new MissingResults(deps.results);
    this.#outboxes = new Map([...deps.queues].map(([region, queue]) => [region, new Outbox(queue)]));
  }

  get run(): string {
    return this.#run;
  }

  /**
   * Resolves with the task's result; null where the dispatcher ended before it came. `recordDoubt` is done before the task is
   * sent to where it may be paid for a second time.
   */
  dispatch(queued: RoutedTask, recordDoubt: () => Awaitable<void> = () => undefined): Promise<TaskResult | null> {
    const arrived = this.#arrived.get(queued.key);
    if (arrived !== undefined) return Promise.resolve(arrived.result);
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (this.#ended.signal.aborted) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      const pending: Pending = { queued, isDoubtful: false, recordDoubt, resolve, reject };
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
    const onAway = (message: string): void => this.#deps.onAway(null, message);
    // One that stays is found again by the next process of the run, which knows the task.
    const ack = whileAway(() => lease.ack(), { clock, onAway, signal: this.#ended.signal })
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
    const watching = this.#watchLost().catch((error: unknown) => this.fail(error));
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

  async #send(pending: Pending): Promise<void> {
    const { key, homeRegion: home, strict } = pending.queued;
    const tried = new Set<string>();
    while (!this.#ended.signal.aborted && this.#pending.has(key)) {
      // Whom nobody may take waits in the queue of its own region.
      const chosen = this.#deps.place({ home, strict }).region ?? home;
      const region = await this.#regionFor(pending, chosen, tried);
      if (region !== null && (await this.#trySend(pending.queued, region))) return;
      if (region !== null) tried.add(region);
      await this.#deps.clock.sleep(awayMs, this.#ended.signal);
    }
  }

  /**
   * Where the task is to be sent: to the region where it is, if it was begun, and to the chosen one otherwise. Null where
   * that cannot be found out now.
   */
  async #regionFor(pending: Pending, chosen: string, tried: ReadonlySet<string>): Promise<string | null> {
    const { state, isContinued } = this.#deps;
    if (state === null) {
      // A queue that did not answer may have it all the same.
      if (tried.size > 0) await this.#doubt(pending);
      return chosen;
    }
    if (!isContinued && tried.size === 0) return chosen;
    try {
      const place = await state.placeOf(queueIdOf(pending.queued));
      return place === null ? chosen : await this.#regionOfBegun(pending, place, { chosen, tried, state });
    } catch (error) {
      this.#note(null, error);
      return null;
    }
  }

  async #regionOfBegun(
    pending: Pending,
    place: string,
    {
      chosen,
      tried,
      state,
    }: { chosen: string; tried: ReadonlySet<string>; state: NonNullable<DispatcherDeps['state']> },
  ): Promise<string> {
    const { queues } = this.#deps;
    const [current = null] = [...queues].find(([, queue]) => queue.place === place) ?? [];
    // It is there already, and left as it is; where it was lost, nobody knows what was paid for.
    pending.queued = { ...pending.queued, progress: doubtful(pending.queued.progress) };
    if (current !== null && (current === chosen || !tried.has(current))) return current;
    await this.#doubt(pending);
    await state.takeOver(queueIdOf(pending.queued), { from: place, to: queues.get(chosen)?.place ?? chosen });
    return chosen;
  }

  async #doubt(pending: Pending): Promise<void> {
    if (pending.isDoubtful) return;
    await pending.recordDoubt();
    pending.isDoubtful = true;
    pending.queued = { ...pending.queued, progress: doubtful(pending.queued.progress) };
  }

  async #trySend(queued: QueuedTask, region: string): Promise<boolean> {
    const outbox = this.#outboxes.get(region);
    if (outbox === undefined) throw new RangeError(`no queue of ${region}`);
    try {
      await outbox.send(queued);
      this.#deps.onAway(region, null);
      return true;
    } catch (error) {
      this.#note(region, error);
      return false;
    }
  }

  async #receive(waitMs: number, signal: AbortSignal): Promise<readonly ResultLease[]> {
    try {
      const leases = await this.#reader.receive(mostAtOnce, waitMs, signal);
      this.#deps.onAway(null, null);
      return leases;
    } catch (error) {
      this.#note(null, error);
      await this.#deps.clock.sleep(waitMs === 0 ? 0 : awayMs, signal);
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
  async #watchLost(): Promise<void> {
    const { clock, queues } = this.#deps;
    for (;;) {
      await clock.sleep(lookEveryMs, this.#ended.signal);
      if (this.#ended.signal.aborted) return;
      for (const [region, queue] of queues) await this.#lookForDead(region, queue);
      await this.#lookForMissing();
    }
  }

  async #lookForDead(region: string, queue: TaskQueue): Promise<void> {
    try {
      if ((await queue.depth()).dead === 0) return;
      for (const dead of await queue.dead(mostAtOnce)) {
        const isOurs = dead.queued.run === this.#run && this.#pending.has(dead.queued.key);
        if (isOurs) this.#resolve(dead.queued.key, setAsideResult(dead, region, this.#deps.clock.timestamp()));
      }
    } catch (error) {
      this.#note(region, error);
    }
  }

  async #lookForMissing(): Promise<void> {
    try {
      const keys = await this.#missing.look([...this.#pending.values()].map(({ queued }) => queued));
      for (const key of keys) {
        const pending = this.#pending.get(key);
        if (pending !== undefined) this.#resolve(key, missingResult(pending.queued, this.#deps.clock.timestamp()));
      }
    } catch (error) {
      this.#note(null, error);
    }
  }

  #note(region: string | null, error: unknown): void {
    if (!(error instanceof QueueUnavailable)) throw error;
    this.#deps.onAway(region, error.message);
  }
}
