import { randomUUID } from 'node:crypto';
import type { TaskResult } from '../../domain/task-result.ts';
import { within } from '../../domain/within.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ResultLease, ResultReader } from '../../ports/result-queue.ts';
import type { RedisTrouble } from './redis-trouble.ts';
import type { ResultStore } from './result-store.ts';

export interface ReaderDeps {
  readonly store: ResultStore;
  readonly clock: Clock;
  readonly trouble: RedisTrouble;
  readonly leaseMs: number;
}

/** Looking costs one command per run. */
const lookEveryMs = 100;
const renewalsPerLease = 3;

/** Reads one run, which it tells those who read all of them, or every run that nobody else reads. */
export class RedisResultReader implements ResultReader {
  readonly #run: string | null;
  readonly #name: string | null;
  readonly #deps: ReaderDeps;
  readonly #held = new Set<TaskResult>();
  /** Taken and not handed out yet: those who asked for them had left, or were told that Redis is away. */
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
    const { clock, trouble } = this.#deps;
    this.#renewing ??= this.#renewUntilClosed();
    const untilMs = clock.nowMs() + waitMs;
    while (!signal.aborted && most > 0) {
      if (this.#taken.length > 0) return this.#taken.splice(0, most);
      const isTaken = trouble.guard(() => this.#takeOnce(most)).then(() => true);
      if ((await within(isTaken, { ms: Infinity, signal }, clock)) === null) break;
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
    const { store, clock, trouble } = this.#deps;
    const handBack = async (): Promise<void> => {
      await this.#taking;
      await Promise.all(this.#heldByRun().map(([run, keys]) => store.handBack({ run, reader: this.#name }, keys)));
    };
    // With Redis away the leases run out by themselves.
    await within(
      trouble.guard(handBack).catch(() => undefined),
      { ms: this.#deps.leaseMs },
      clock,
    );
    this.#held.clear();
  }

  /** One at a time: with Redis away, what was asked for is asked for already. */
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
    const { store, trouble } = this.#deps;
    this.#held.add(result);
    const ack = async (): Promise<void> => {
      await trouble.guard(() => store.ack(result.run, result.key));
      this.#held.delete(result);
    };
    return { result, ack };
  }

  /** A reader may be slow to write: its output may be a terminal that somebody has stopped. */
  async #renewUntilClosed(): Promise<void> {
    const { store, clock, leaseMs } = this.#deps;
    for (;;) {
      await clock.sleep(leaseMs / renewalsPerLease, this.#closing.signal);
      if (this.#closing.signal.aborted) return;
      const renewing = this.#heldByRun().map(([run, keys]) => store.renew({ run, reader: this.#name }, keys));
      await within(Promise.allSettled(renewing), { ms: Infinity, signal: this.#closing.signal }, clock);
    }
  }

  /** With the run itself, also where nothing of it is held. */
  #heldByRun(): [run: string, keys: readonly string[]][] {
    const runs = new Map<string, string[]>(this.#run === null ? [] : [[this.#run, []]]);
    for (const { run, key } of this.#held) runs.set(run, [...(runs.get(run) ?? []), key]);
    return [...runs];
  }
}
