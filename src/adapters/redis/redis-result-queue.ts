import type { Redis } from 'ioredis';
import { queueIdOf, type TaskAddress } from '../../domain/queued-task.ts';
import type { TaskResult } from '../../domain/task-result.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ResultDepth, ResultQueue, ResultReader } from '../../ports/result-queue.ts';
import { closeRedis, openRedis } from './redis-client.ts';
import { RedisResultReader } from './redis-result-reader.ts';
import { RedisTrouble } from './redis-trouble.ts';
import { ResultStore } from './result-store.ts';

export interface RedisResultQueueOptions {
  readonly url: string;
  /** What a reader holds and does not renew for so long, others may read, in ms. */
  readonly leaseMs: number;
}

/**
 * The results in plain Redis: every change is one script, so that the first result of a task stands whatever happens
 * meanwhile. BullMQ forgets an id with its job, and cannot hand the results of one run to one reader.
 */
export class RedisResultQueue implements ResultQueue {
  readonly #trouble: RedisTrouble;
  readonly #redis: Redis;
  readonly #store: ResultStore;
  readonly #clock: Clock;
  readonly #leaseMs: number;
  /** What was pushed and is not known to be there, by the task. */
  readonly #pushing = new Map<string, Promise<boolean>>();

  constructor({ url, leaseMs }: RedisResultQueueOptions, { clock }: { clock: Clock }) {
    this.#trouble = new RedisTrouble(url);
    this.#redis = openRedis(url, this.#trouble);
    this.#store = new ResultStore(this.#redis, { leaseMs });
    this.#clock = clock;
    this.#leaseMs = leaseMs;
  }

  /** Whoever pushes a result again, told that Redis is away, waits for the same push: a second would find the first. */
  async push(result: TaskResult): Promise<'first' | 'duplicate'> {
    const id = queueIdOf(result);
    const isFirst = await this.#trouble.guard(() => this.#pushing.get(id) ?? this.#push(id, result));
    this.#pushing.delete(id);
    return isFirst ? 'first' : 'duplicate';
  }

  isFinished({ run, key }: TaskAddress): Promise<boolean> {
    return this.#trouble.guard(() => this.#store.isFinished(run, key));
  }

  reader(run: string | null): ResultReader {
    const deps = { store: this.#store, clock: this.#clock, trouble: this.#trouble, leaseMs: this.#leaseMs };
    return new RedisResultReader(run, deps);
  }

  depth(): Promise<ResultDepth> {
    return this.#trouble.guard(async () => {
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
