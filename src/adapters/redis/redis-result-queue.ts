import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { queueIdOf, type TaskAddress, type TaskResult } from '../../domain/queued-task.ts';
import { withTimeLimit } from '../../domain/time-limit.ts';
import type { ResultDepth, ResultLease, ResultQueue, ResultReader } from '../../ports/queues.ts';
import type { Clock } from '../../ports/system.ts';
import { closeRedis, openReconnectingRedis } from './redis-client.ts';
import { RedisErrors } from './redis-errors.ts';
import { ResultStore } from './redis-result-store.ts';

export interface ReaderDeps {
  readonly store: ResultStore;
  readonly clock: Clock;
  readonly redisErrors: RedisErrors;
  readonly leaseMs: number;
}

/** Polling costs one command per run. */
const lookEveryMs = 100;
const renewalsPerLease = 3;

/** Reads one run exclusively, or all runs without a reader of their own. */
class RedisResultReader implements ResultReader {
  readonly #run: string | null;
  readonly #name: string | null;
  readonly #deps: ReaderDeps;
  readonly #held = new Set<TaskResult>();
  /** Results taken but not handed out, because the caller had left or had got an error. */
  readonly #taken: ResultLease[] = [];
  readonly #closing = new AbortController();
  #taking: Promise<void> | null = null;
  #renewing: Promise<void> | null = null;

  constructor(run: string | null, deps: ReaderDeps) {
    this.#run = run;
    this.#name = run === null ? null : randomUUID();
    this.#deps = deps;
  }

  async receive(most: number, waitMs: number, signal: AbortSignal): Promise<readonly ResultLease[]> {
    const { clock, redisErrors } = this.#deps;
    this.#renewing ??= this.#renewUntilClosed();
    const untilMs = clock.nowMs() + waitMs;
    while (!signal.aborted && most > 0) {
      if (this.#taken.length > 0) return this.#taken.splice(0, most);
      const isTaken = redisErrors.guard(() => this.#takeOnce(most)).then(() => true);
      if ((await withTimeLimit(isTaken, { ms: Infinity, signal }, clock)) === null) break;
      if (this.#taken.length > 0) continue;
      const leftMs = untilMs - clock.nowMs();
      if (leftMs <= 0) break;
      await clock.sleep(Math.min(lookEveryMs, leftMs), signal);
    }
    return [];
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#renewing;
    const { store, clock, redisErrors } = this.#deps;
    const handBack = async (): Promise<void> => {
      await this.#taking;
      await Promise.all(this.#heldByRun().map(([run, keys]) => store.handBack({ run, reader: this.#name }, keys)));
    };
    // While Redis is unreachable, the leases expire by themselves.
    await withTimeLimit(
      redisErrors.guard(handBack).catch(() => undefined),
      { ms: this.#deps.leaseMs },
      clock,
    );
    this.#held.clear();
  }

  /** One request at a time: while Redis is unreachable, the first one is still pending. */
  #takeOnce(most: number): Promise<void> {
    return (this.#taking ??= this.#take(most).finally(() => (this.#taking = null)));
  }

  async #take(most: number): Promise<void> {
    const { store } = this.#deps;
    const runs = this.#run === null ? await store.runs() : [this.#run];
    for (const run of runs) {
      if (this.#taken.length >= most) break;
      const results = await store.take({ run, reader: this.#name }, most - this.#taken.length);
      this.#taken.push(...results.map((result) => this.#hold(result)));
      if (results.length === 0 && this.#run === null) await store.forgetIfQuiet(run);
    }
  }

  #hold(result: TaskResult): ResultLease {
    const { store, redisErrors } = this.#deps;
    this.#held.add(result);
    const ack = async (): Promise<void> => {
      await redisErrors.guard(() => store.ack(result.run, result.key));
      this.#held.delete(result);
    };
    return { result, ack };
  }

  /** A reader may write slowly, for example to a paused terminal, so its leases are renewed. */
  async #renewUntilClosed(): Promise<void> {
    const { store, clock, leaseMs } = this.#deps;
    for (;;) {
      await clock.sleep(leaseMs / renewalsPerLease, this.#closing.signal);
      if (this.#closing.signal.aborted) return;
      const renewing = this.#heldByRun().map(([run, keys]) => store.renew({ run, reader: this.#name }, keys));
      await withTimeLimit(Promise.allSettled(renewing), { ms: Infinity, signal: this.#closing.signal }, clock);
    }
  }

  /** The held keys by run. A reader's own run is always included. */
  #heldByRun(): [run: string, keys: readonly string[]][] {
    const runs = new Map<string, string[]>(this.#run === null ? [] : [[this.#run, []]]);
    for (const { run, key } of this.#held) runs.set(run, [...(runs.get(run) ?? []), key]);
    return [...runs];
  }
}

export interface RedisResultQueueOptions {
  readonly url: string;
  /** Without a renewal for this time, other readers may read a held result, in ms. */
  readonly leaseMs: number;
}

/**
 * The results queue in plain Redis. Every change is one script, so that the first result of a task is final. BullMQ is
 * not used because it forgets an id together with its job, and cannot give the results of one run to one reader.
 */
export class RedisResultQueue implements ResultQueue {
  readonly #redisErrors: RedisErrors;
  readonly #redis: Redis;
  readonly #store: ResultStore;
  readonly #clock: Clock;
  readonly #leaseMs: number;
  /** Pushes without a confirmed outcome, by task. */
  readonly #pushing = new Map<string, Promise<boolean>>();

  /** `notify` shows a notice to the user. */
  constructor(
    { url, leaseMs }: RedisResultQueueOptions,
    { clock, notify = () => undefined }: { clock: Clock; notify?: (message: string) => void },
  ) {
    this.#redisErrors = new RedisErrors(url);
    this.#redis = openReconnectingRedis(url, this.#redisErrors);
    this.#store = new ResultStore(this.#redis, { leaseMs, notify });
    this.#clock = clock;
    this.#leaseMs = leaseMs;
  }

  /**
   * A repeated push of the same result joins the first one: a second push would find the first and count as a
   * duplicate.
   */
  async push(result: TaskResult): Promise<'first' | 'duplicate'> {
    const id = queueIdOf(result);
    const isFirst = await this.#redisErrors.guard(() => this.#pushing.get(id) ?? this.#push(id, result));
    this.#pushing.delete(id);
    return isFirst ? 'first' : 'duplicate';
  }

  isFinished({ run, key }: TaskAddress): Promise<boolean> {
    return this.#redisErrors.guard(() => this.#store.isFinished(run, key));
  }

  reader(run: string | null): ResultReader {
    const deps = { store: this.#store, clock: this.#clock, redisErrors: this.#redisErrors, leaseMs: this.#leaseMs };
    return new RedisResultReader(run, deps);
  }

  depth(): Promise<ResultDepth> {
    return this.#redisErrors.guard(async () => {
      const counts = await Promise.all((await this.#store.runs()).map((run) => this.#store.counts(run)));
      return {
        waiting: counts.reduce((sum, { waiting }) => sum + waiting, 0),
        inFlight: counts.reduce((sum, { held }) => sum + held, 0),
      };
    });
  }

  close(): Promise<void> {
    return closeRedis(this.#redis);
  }

  #push(id: string, result: TaskResult): Promise<boolean> {
    const pushing = this.#store.push(result);
    this.#pushing.set(id, pushing);
    pushing.catch(() => this.#pushing.delete(id));
    return pushing;
  }
}
