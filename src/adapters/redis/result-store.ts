import type { Redis } from 'ioredis';
import type { TaskResult } from '../../domain/task-result.ts';
import {
  ackScript,
  handBackScript,
  pushScript,
  renewScript,
  runKeysOf,
  runsKey,
  takeScript,
} from './result-scripts.ts';

/** Results outlive their runs by this long in what is known about them: a worker that stood still meanwhile is refused. */
const rememberedMs = 14 * 86_400_000;
/** A push takes less time between its two commands. */
const quietRunMs = 600_000;

/** Who reads what. */
export interface Reading {
  readonly run: string;
  /** Null for a reader of all runs, which keeps away from those that have one of their own. */
  readonly reader: string | null;
}

/** The results in Redis, as commands. */
export class ResultStore {
  readonly #redis: Redis;
  readonly #leaseMs: number;

  constructor(redis: Redis, { leaseMs }: { readonly leaseMs: number }) {
    this.#redis = redis;
    this.#leaseMs = leaseMs;
  }

  async push(result: TaskResult): Promise<boolean> {
    const { finished, results, waiting } = runKeysOf(result.run);
    const keys = [finished, results, waiting];
    // First the run is known, so that no result can be where nobody looks: one connection keeps the order.
    const [, pushed] = await Promise.all([
      this.#redis.zadd(runsKey, Date.now(), result.run),
      this.#eval(pushScript, keys, [result.key, JSON.stringify(result), rememberedMs]),
    ]);
    return pushed === 1;
  }

  async isFinished(run: string, key: string): Promise<boolean> {
    return (await this.#redis.sismember(runKeysOf(run).finished, key)) === 1;
  }

  runs(): Promise<string[]> {
    return this.#redis.zrange(runsKey, '0', '-1');
  }

  async take({ run, reader }: Reading, most: number): Promise<readonly TaskResult[]> {
    const { waiting, held, results, reader: readerKey } = runKeysOf(run);
    const keys = [waiting, held, results, readerKey];
    const answer = await this.#eval(takeScript, keys, [most, this.#leaseMs, reader ?? '']);
    const texts = (answer as string[]).filter((_, index) => index % 2 === 1);
    return texts.map((text) => JSON.parse(text) as TaskResult);
  }

  async renew({ run, reader }: Reading, keys: readonly string[]): Promise<void> {
    const { held, reader: readerKey } = runKeysOf(run);
    await this.#eval(renewScript, [held, readerKey], [this.#leaseMs, reader ?? '', ...keys]);
  }

  async ack(run: string, key: string): Promise<void> {
    const { held, results } = runKeysOf(run);
    await this.#eval(ackScript, [held, results], [key]);
  }

  async handBack({ run, reader }: Reading, keys: readonly string[]): Promise<void> {
    const { waiting, held, reader: readerKey } = runKeysOf(run);
    await this.#eval(handBackScript, [waiting, held, readerKey], [reader ?? '', ...keys]);
  }

  /** Drops the run from those that are looked at, unless it has something, or had something lately. */
  async forgetIfQuiet(run: string): Promise<void> {
    const { waiting, held } = await this.counts(run);
    const since = Number(await this.#redis.zscore(runsKey, run));
    if (waiting + held === 0 && since < Date.now() - quietRunMs) await this.#redis.zrem(runsKey, run);
  }

  async counts(run: string): Promise<{ readonly waiting: number; readonly held: number }> {
    const { waiting, held } = runKeysOf(run);
    const [waitingCount, heldCount] = await Promise.all([this.#redis.llen(waiting), this.#redis.zcard(held)]);
    return { waiting: waitingCount, held: heldCount };
  }

  #eval(script: string, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    return this.#redis.eval(script, keys.length, ...keys, ...args);
  }
}
