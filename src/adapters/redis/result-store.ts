import type { Redis } from 'ioredis';
import type { TaskResult } from '../../domain/task-result.ts';
import { PerTurn } from './per-turn.ts';
import {
  ackScript,
  forgetScript,
  handBackScript,
  pushScript,
  renewScript,
  runKeysOf,
  runsKey,
  takeScript,
} from './result-scripts.ts';

/** Results outlive their runs by this long in what is known about them: a worker that stood still meanwhile is refused. */
const rememberedMs = 14 * 86_400_000;
/** A run without a push for so long is one that nobody looks at any more. */
const quietRunMs = 600_000;
/** How often a run is noted as one that has results, while they come: often enough to be none that is quiet. */
const noteEveryMs = 60_000;
const mostNoted = 1_000;

/** Who reads what. */
export interface RunReader {
  readonly run: string;
  /** Null for a reader of all runs, which keeps away from those that have one of their own. */
  readonly reader: string | null;
}

/** The results in Redis, as commands. */
export class ResultStore {
  readonly #redis: Redis;
  readonly #leaseMs: number;
  readonly #pushes = new PerTurn<TaskResult, number>((run, results) => this.#pushAll(run, results));
  readonly #lookups = new PerTurn<string, number>((run, keys) =>
    this.#redis.smismember(runKeysOf(run).finished, ...keys),
  );
  readonly #acks = new PerTurn<string, number>((run, keys) => this.#ackAll(run, keys));
  /** When each run was noted last, epoch ms. */
  readonly #noted = new Map<string, number>();

  constructor(redis: Redis, { leaseMs }: { readonly leaseMs: number }) {
    this.#redis = redis;
    this.#leaseMs = leaseMs;
  }

  async push(result: TaskResult): Promise<boolean> {
    return (await this.#pushes.ask(result.run, result)) === 1;
  }

  async isFinished(run: string, key: string): Promise<boolean> {
    return (await this.#lookups.ask(run, key)) === 1;
  }

  runs(): Promise<string[]> {
    return this.#redis.zrange(runsKey, '0', '-1');
  }

  async take({ run, reader }: RunReader, most: number): Promise<readonly TaskResult[]> {
    const { waiting, held, results, reader: readerKey } = runKeysOf(run);
    const keys = [waiting, held, results, readerKey];
    const answer = await this.#eval(takeScript, keys, [most, this.#leaseMs, reader ?? '']);
    const texts = (answer as string[]).filter((_, index) => index % 2 === 1);
    return texts.map((text) => JSON.parse(text) as TaskResult);
  }

  async renew({ run, reader }: RunReader, keys: readonly string[]): Promise<void> {
    const { held, reader: readerKey } = runKeysOf(run);
    await this.#eval(renewScript, [held, readerKey], [this.#leaseMs, reader ?? '', ...keys]);
  }

  async ack(run: string, key: string): Promise<void> {
    await this.#acks.ask(run, key);
  }

  async handBack({ run, reader }: RunReader, keys: readonly string[]): Promise<void> {
    const { waiting, held, reader: readerKey } = runKeysOf(run);
    await this.#eval(handBackScript, [waiting, held, readerKey], [reader ?? '', ...keys]);
  }

  /** Drops the run from those that are looked at, unless it has something, or had something lately. */
  async forgetIfQuiet(run: string): Promise<void> {
    const { waiting, held } = await this.counts(run);
    if (waiting + held === 0) await this.#eval(forgetScript, [runsKey], [run, Date.now() - quietRunMs]);
  }

  async counts(run: string): Promise<{ readonly waiting: number; readonly held: number }> {
    const { waiting, held } = runKeysOf(run);
    const [waitingCount, heldCount] = await Promise.all([this.#redis.llen(waiting), this.#redis.zcard(held)]);
    return { waiting: waitingCount, held: heldCount };
  }

  async #pushAll(run: string, results: readonly TaskResult[]): Promise<readonly number[]> {
    const { finished, results: texts, waiting } = runKeysOf(run);
    const args = results.flatMap((result) => [result.key, JSON.stringify(result)]);
    // First the run is known, so that no result can be where nobody looks: one connection keeps the order.
    const noting = this.#note(run);
    const pushing = this.#eval(pushScript, [finished, texts, waiting], [rememberedMs, ...args]);
    const [pushed] = await Promise.all([pushing, noting]);
    return pushed as number[];
  }

  async #note(run: string): Promise<void> {
    const now = Date.now();
    if (now - (this.#noted.get(run) ?? 0) < noteEveryMs) return;
    await this.#redis.zadd(runsKey, now, run);
    if (this.#noted.size >= mostNoted) this.#noted.clear();
    this.#noted.set(run, now);
  }

  #ackAll(run: string, keys: readonly string[]): Promise<number[]> {
    const { held, results } = runKeysOf(run);
    return this.#eval(ackScript, [held, results], keys) as Promise<number[]>;
  }

  #eval(script: string, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    return this.#redis.eval(script, keys.length, ...keys, ...args);
  }
}
