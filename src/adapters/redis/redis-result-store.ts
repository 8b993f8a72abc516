import type { Redis } from 'ioredis';
import { Batcher, type BatcherOptions } from '../../domain/batcher.ts';
import type { TaskResult } from '../../domain/queued-task.ts';
import { messageOf, readResultMessage } from '../../protocol/queue-messages.ts';

/**
 * The keys of one run: waiting results (a list), held results (sorted by expiry), texts, keys of all finished tasks,
 * and the run's own reader.
 */
export interface RunKeys {
  readonly waiting: string;
  readonly held: string;
  readonly results: string;
  readonly finished: string;
  readonly reader: string;
  /** Texts that could not be read, for a person. */
  readonly unreadable: string;
}

function runKeysOf(run: string): RunKeys {
  const prefix = `{captcha:results:${run}}`;
  return {
    waiting: `${prefix}:waiting`,
    held: `${prefix}:held`,
    results: `${prefix}:results`,
    finished: `${prefix}:finished`,
    reader: `${prefix}:reader`,
    unreadable: `${prefix}:unreadable`,
  };
}

/** All runs that may have results, sorted by their last push. */
export const runsKey = 'captcha:results';

/**
 * KEYS: finished, results, waiting. ARGV: the retention time of them, then alternating keys and texts.
 * Returns 1 for each first result of a task, otherwise 0.
 */
const pushScript = `
local firsts = {}
for i = 2, #ARGV, 2 do
  local first = redis.call('SADD', KEYS[1], ARGV[i])
  if first == 1 then
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
    redis.call('RPUSH', KEYS[3], ARGV[i])
  end
  firsts[#firsts + 1] = first
end
for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], ARGV[1]) end
return firsts`;

/** Results that no reader takes expire with the memory of their tasks. KEYS: waiting, held. `keptMs`: the retention time. */
const keepForAWhile = `
for i = 1, 2 do redis.call('PEXPIRE', KEYS[i], keptMs) end`;

const readNow = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

/**
 * KEYS: waiting, held, results, reader. ARGV: the number, the hold time, the reader's name or nothing for a reader of
 * all runs, which skips a run with a reader of its own, and the retention time. Expired holds wait again, in front. A key without a text was
 * acknowledged late. Returns alternating keys and texts.
 */
const takeScript = `${readNow}
if ARGV[3] ~= '' then redis.call('SET', KEYS[4], ARGV[3], 'PX', ARGV[2])
elseif redis.call('EXISTS', KEYS[4]) == 1 then return {} end
local most = tonumber(ARGV[1])
for _, key in ipairs(redis.call('ZRANGE', KEYS[2], '-inf', now, 'BYSCORE', 'LIMIT', 0, most)) do
  redis.call('ZREM', KEYS[2], key)
  redis.call('LPUSH', KEYS[1], key)
end
local taken = {}
while #taken < 2 * most do
  local key = redis.call('LPOP', KEYS[1])
  if not key then break end
  local text = redis.call('HGET', KEYS[3], key)
  if text then
    redis.call('ZADD', KEYS[2], now + ARGV[2], key)
    taken[#taken + 1] = key
    taken[#taken + 1] = text
  end
end
local keptMs = ARGV[4]
${keepForAWhile}
return taken`;

/** KEYS: held, reader. ARGV: the hold time, the reader's name or nothing, then the keys. */
const renewScript = `${readNow}
if ARGV[2] ~= '' then redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[1]) end
for i = 3, #ARGV do redis.call('ZADD', KEYS[1], 'XX', now + ARGV[1], ARGV[i]) end
return 1`;

/** KEYS: held, results. ARGV: the keys. Returns 1 for each that existed. */
const ackScript = `
local known = {}
for i = 1, #ARGV do
  redis.call('ZREM', KEYS[1], ARGV[i])
  known[i] = redis.call('HDEL', KEYS[2], ARGV[i])
end
return known`;

/** KEYS: waiting, held, reader. ARGV: the reader's name, the retention time, then the keys. */
const handBackScript = `
for i = 3, #ARGV do
  if redis.call('ZREM', KEYS[2], ARGV[i]) == 1 then redis.call('LPUSH', KEYS[1], ARGV[i]) end
end
local keptMs = ARGV[2]
${keepForAWhile}
if redis.call('GET', KEYS[3]) == ARGV[1] then redis.call('DEL', KEYS[3]) end
return 1`;

/** KEYS: all runs. ARGV: the run, and the time since which it must have had no push, in epoch ms. */
const forgetScript = `
local last = redis.call('ZSCORE', KEYS[1], ARGV[1])
if last and tonumber(last) < tonumber(ARGV[2]) then redis.call('ZREM', KEYS[1], ARGV[1]) end
return 1`;

/**
 * Retention of results that no reader takes, and of finished keys, since the last push of their run: a late result of a
 * suspended worker is rejected.
 */
const rememberedMs = 14 * 86_400_000;
/** A run without a push for this time is no longer read by default. */
const quietRunMs = 600_000;
/** Interval at which an active run is recorded; short enough to keep it from counting as quiet. */
const noteEveryMs = 60_000;
const maxOpenRuns = 1_000;

/** Requests about one run within one turn of the event loop are batched. */
interface OpenRun {
  readonly pushes: Batcher<TaskResult, number>;
  readonly lookups: Batcher<string, number>;
  readonly acks: Batcher<string, number>;
  /** When the run was last recorded, in epoch ms; 0 for never. */
  notedAt: number;
}

/** A reader and its run. */
export interface RunReader {
  readonly run: string;
  /** Null for a reader of all runs, which skips runs with a reader of their own. */
  readonly reader: string | null;
}

/** Redis commands for results. */
export class ResultStore {
  readonly #redis: Redis;
  readonly #leaseMs: number;
  readonly #notify: (message: string) => void;
  readonly #openRuns = new Map<string, OpenRun>();
  /** Notices that are given once. */
  readonly #told = new Set<string>();

  /** `notify` shows a notice to the user. */
  constructor(redis: Redis, { leaseMs, notify }: { readonly leaseMs: number; notify?: (message: string) => void }) {
    this.#redis = redis;
    this.#leaseMs = leaseMs;
    this.#notify = notify ?? (() => undefined);
  }

  async push(result: TaskResult): Promise<boolean> {
    return (await this.#openRun(result.run).pushes.add(result)) === 1;
  }

  async isFinished(run: string, key: string): Promise<boolean> {
    return (await this.#openRun(run).lookups.add(key)) === 1;
  }

  runs(): Promise<string[]> {
    return this.#redis.zrange(runsKey, '0', '-1');
  }

  /** A text that cannot be read is kept in another key, and its task is `in-doubt`. */
  async take({ run, reader }: RunReader, most: number): Promise<readonly TaskResult[]> {
    const { waiting, held, results, reader: readerKey } = runKeysOf(run);
    const keys = [waiting, held, results, readerKey];
    const answer = (await this.#eval(takeScript, keys, [most, this.#leaseMs, reader ?? '', rememberedMs])) as string[];
    const taken: TaskResult[] = [];
    for (let index = 0; index + 1 < answer.length; index += 2) {
      const result = await this.#read(run, answer[index] ?? '', answer[index + 1] ?? '');
      if (result !== null) taken.push(result);
    }
    return taken;
  }

  async renew({ run, reader }: RunReader, keys: readonly string[]): Promise<void> {
    const { held, reader: readerKey } = runKeysOf(run);
    await this.#eval(renewScript, [held, readerKey], [this.#leaseMs, reader ?? '', ...keys]);
  }

  async ack(run: string, key: string): Promise<void> {
    await this.#openRun(run).acks.add(key);
  }

  async handBack({ run, reader }: RunReader, keys: readonly string[]): Promise<void> {
    const { waiting, held, reader: readerKey } = runKeysOf(run);
    await this.#eval(handBackScript, [waiting, held, readerKey], [reader ?? '', rememberedMs, ...keys]);
  }

  /** Removes the run from the list, unless it has results or had any lately. */
  async forgetIfQuiet(run: string): Promise<void> {
    const { waiting, held } = await this.counts(run);
    if (waiting + held === 0) await this.#eval(forgetScript, [runsKey], [run, Date.now() - quietRunMs]);
  }

  async counts(run: string): Promise<{ readonly waiting: number; readonly held: number }> {
    const { waiting, held } = runKeysOf(run);
    const [waitingCount, heldCount] = await Promise.all([this.#redis.llen(waiting), this.#redis.zcard(held)]);
    return { waiting: waitingCount, held: heldCount };
  }

  /** Null for a result of a newer version: it stays held until its hold expires. */
  async #read(run: string, key: string, text: string): Promise<TaskResult | null> {
    const read = readResultMessage(text, { address: { run, key }, now: Date.now() });
    if ('error' in read) {
      this.#tell(`a result of ${run} ${read.error.reason}: it stays in the queue for a reader of that version`);
      return null;
    }
    const { result, reason } = read.value;
    if (reason === null) return result;
    const { unreadable } = runKeysOf(run);
    await Promise.all([this.#redis.hset(unreadable, key, text), this.#redis.pexpire(unreadable, rememberedMs)]);
    this.#notify(`the message with the result of ${run}-${key} ${reason}: it is kept in ${unreadable}`);
    return result;
  }

  #tell(message: string): void {
    if (this.#told.has(message)) return;
    if (this.#told.size >= maxOpenRuns) this.#told.clear();
    this.#told.add(message);
    this.#notify(message);
  }

  #openRun(run: string): OpenRun {
    const known = this.#openRuns.get(run);
    if (known !== undefined) return known;
    const perTurn = <Entry>(send: BatcherOptions<Entry, number>['send']): Batcher<Entry, number> =>
      new Batcher({ send, schedule: (flush) => void setImmediate(() => void flush()) });
    const openRun: OpenRun = {
      pushes: perTurn((results) => this.#pushAll(run, results)),
      lookups: perTurn((keys) => this.#redis.smismember(runKeysOf(run).finished, ...keys)),
      acks: perTurn((keys) => this.#ackAll(run, keys)),
      notedAt: 0,
    };
    if (this.#openRuns.size >= maxOpenRuns) this.#openRuns.clear();
    this.#openRuns.set(run, openRun);
    return openRun;
  }

  async #pushAll(run: string, results: readonly TaskResult[]): Promise<readonly number[]> {
    const { finished, results: texts, waiting } = runKeysOf(run);
    const args = results.flatMap((result) => [result.key, JSON.stringify(messageOf(result))]);
    // The run is recorded first, so that no result is in an unlisted run: one connection keeps the order.
    const noting = this.#note(run);
    const pushing = this.#eval(pushScript, [finished, texts, waiting], [rememberedMs, ...args]);
    const [pushed] = await Promise.all([pushing, noting]);
    return pushed as number[];
  }

  async #note(run: string): Promise<void> {
    const openRun = this.#openRun(run);
    const now = Date.now();
    if (now - openRun.notedAt < noteEveryMs) return;
    await Promise.all([
      this.#redis.zadd(runsKey, now, run),
      this.#redis.zremrangebyscore(runsKey, '-inf', now - rememberedMs),
    ]);
    openRun.notedAt = now;
  }

  #ackAll(run: string, keys: readonly string[]): Promise<number[]> {
    const { held, results } = runKeysOf(run);
    return this.#eval(ackScript, [held, results], keys) as Promise<number[]>;
  }

  #eval(script: string, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    return this.#redis.eval(script, keys.length, ...keys, ...args);
  }
}
