import type { Redis } from 'ioredis';
import type { OpenProgress } from '../../domain/queued-task.ts';
import type { Beginning, Begun, FleetState, Offer } from '../../ports/queues.ts';
import { readProgress } from '../../protocol/queue-messages.ts';
import { closeRedis, openReconnectingRedis } from './redis-client.ts';
import { RedisErrors } from './redis-errors.ts';

/** Longer than SQS retains a message. */
const rememberedMs = 15 * 86_400_000;
const bulkSize = 1_000;

/**
 * KEYS: the task. ARGV: the holder, the place, the retention time. `to`: the place that the task is offered to. Returns
 * whether it is here, and the progress.
 */
const beginScript = `
local known = redis.call('HMGET', KEYS[1], 'place', 'to', 'progress')
if known[1] and known[1] ~= ARGV[2] and known[2] ~= ARGV[2] then return {0, ''} end
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'place', ARGV[2])
redis.call('HDEL', KEYS[1], 'to')
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return {1, known[3] or ''}`;

/**
 * The common start of a holder's steps. KEYS: the task. ARGV: the holder, the place, the retention time. Without a
 * stored holder this Redis has lost its data and the task was not started since: the caller's place counts.
 */
const asHolder = `
local holder = redis.call('HGET', KEYS[1], 'holder')
if holder and holder ~= ARGV[1] then return 0 end
if not holder then
  redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'place', ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end`;

/** ARGV, after those of the holder: the place that the task is offered to, the progress. Returns 1 if allowed. */
const offerScript = `
${asHolder}
redis.call('HSET', KEYS[1], 'to', ARGV[4], 'progress', ARGV[5])
return 1`;

/**
 * KEYS: the task. ARGV: the holder, the place that it was offered to. Returns 1 if the task is there, started or not.
 */
const settleScript = `
local known = redis.call('HMGET', KEYS[1], 'place', 'holder')
if known[1] == ARGV[2] then return 1 end
if known[2] ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'place', ARGV[2])
redis.call('HDEL', KEYS[1], 'to')
return 1`;

/** KEYS: the task. ARGV: the old place, the new place, and a holder name that no worker has. */
const takeOverScript = `
if redis.call('HGET', KEYS[1], 'place') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'place', ARGV[2], 'holder', ARGV[3])
redis.call('HDEL', KEYS[1], 'to')
return 1`;

/** ARGV, after those of the holder: the progress. Returns 1 if it was saved. */
const saveScript = `
${asHolder}
redis.call('HSET', KEYS[1], 'progress', ARGV[4])
return 1`;

/**
 * KEYS: the task. ARGV: the result, the retention time. Returns whether it is the first, and the stored result; nothing
 * once delivered.
 */
const claimScript = `
local isFirst = redis.call('HSETNX', KEYS[1], 'result', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {isFirst, redis.call('HGET', KEYS[1], 'result')}`;

/** If the progress cannot be read, the task may have been paid for. */
const unreadable: OpenProgress = { state: 'in-doubt', attempts: 0 };
/** After a takeover no worker holds the task: the previous holder may not save any more. */
const nobody = '';
/** Marks a delivered result: no real result is empty. */
const delivered = '';

const keyOf = (id: string): string => `{captcha:task:${id}}`;
const runKeyOf = (run: string): string => `{captcha:run:${run}}`;
/** Sent ids, sorted by the time of sending. */
const sentKeyOf = (queue: string): string => `{captcha:sent-at:${queue}}`;
/** The set of an earlier version, which nothing was removed from; it expires. */
const earlierSentKeyOf = (queue: string): string => `{captcha:sent:${queue}}`;

/** The state that a fleet stores outside its queues, in a shared Redis. */
export class RedisFleetState implements FleetState {
  readonly #redisErrors: RedisErrors;
  readonly #redis: Redis;

  constructor(url: string) {
    this.#redisErrors = new RedisErrors(url);
    this.#redis = openReconnectingRedis(url, this.#redisErrors);
  }

  unsent(queue: string, ids: readonly string[]): Promise<ReadonlySet<string>> {
    return this.#redisErrors.guard(async () => {
      const unsent = new Set<string>();
      for (let from = 0; from < ids.length; from += bulkSize) {
        const bulk = ids.slice(from, from + bulkSize);
        const [times, known] = await Promise.all([
          this.#redis.zmscore(sentKeyOf(queue), ...bulk),
          this.#redis.smismember(earlierSentKeyOf(queue), ...bulk),
        ]);
        bulk
          .filter((_, index) => (times[index] ?? null) === null && known[index] === 0)
          .forEach((id) => unsent.add(id));
      }
      return unsent;
    });
  }

  recordSent(queue: string, ids: readonly string[]): Promise<void> {
    return this.#redisErrors.guard(async () => {
      if (ids.length === 0) return;
      const now = Date.now();
      const key = sentKeyOf(queue);
      await this.#redis.zadd(key, ...ids.flatMap((id) => [now, id]));
      await this.#redis.zremrangebyscore(key, '-inf', now - rememberedMs);
      await this.#redis.pexpire(key, rememberedMs);
    });
  }

  forgetSent(queue: string, id: string): Promise<void> {
    return this.#redisErrors.guard(async () => {
      await this.#redis.zrem(sentKeyOf(queue), id);
      await this.#redis.srem(earlierSentKeyOf(queue), id);
    });
  }

  begin(id: string, { holder, place }: Beginning): Promise<Begun> {
    return this.#redisErrors.guard(async () => {
      const answer = await this.#redis.eval(beginScript, 1, keyOf(id), holder, place, rememberedMs);
      const [isHere, progress] = answer as [number, string];
      if (isHere === 0) return { isHere: false };
      return { isHere: true, progress: progress === '' ? null : (readProgress(progress) ?? unreadable) };
    });
  }

  offer(id: string, { holder, place, to, progress }: Offer): Promise<boolean> {
    return this.#ask(offerScript, id, holder, place, rememberedMs, to, JSON.stringify(progress));
  }

  settle(id: string, { holder, to }: Pick<Offer, 'holder' | 'to'>): Promise<boolean> {
    return this.#ask(settleScript, id, holder, to);
  }

  noteRun(run: string): Promise<void> {
    return this.#redisErrors.guard(async () => {
      await this.#redis.set(runKeyOf(run), '1', 'PX', rememberedMs);
    });
  }

  knowsRun(run: string): Promise<boolean> {
    return this.#redisErrors.guard(async () => (await this.#redis.exists(runKeyOf(run))) === 1);
  }

  placeOf(id: string): Promise<string | null> {
    return this.#redisErrors.guard(() => this.#redis.hget(keyOf(id), 'place'));
  }

  async takeOver(id: string, { from, to }: { readonly from: string; readonly to: string }): Promise<void> {
    await this.#ask(takeOverScript, id, from, to, nobody);
  }

  forget(id: string): Promise<void> {
    return this.#redisErrors.guard(async () => {
      await this.#redis.unlink(keyOf(id));
    });
  }

  save(id: string, { holder, place }: Beginning, progress: OpenProgress): Promise<boolean> {
    return this.#ask(saveScript, id, holder, place, rememberedMs, JSON.stringify(progress));
  }

  claimResult(id: string, result: string): Promise<{ readonly isFirst: boolean; readonly standing: string | null }> {
    return this.#redisErrors.guard(async () => {
      const answer = await this.#redis.eval(claimScript, 1, keyOf(id), result, rememberedMs);
      const [isFirst, standing] = answer as [number, string];
      return { isFirst: isFirst === 1, standing: standing === delivered ? null : standing };
    });
  }

  standingResult(id: string): Promise<string | null | undefined> {
    return this.#redisErrors.guard(async () => {
      const standing = await this.#redis.hget(keyOf(id), 'result');
      if (standing === null) return undefined;
      return standing === delivered ? null : standing;
    });
  }

  recordDelivered(id: string): Promise<void> {
    return this.#redisErrors.guard(async () => {
      await this.#redis.hset(keyOf(id), 'result', delivered);
    });
  }

  close(): Promise<void> {
    return closeRedis(this.#redis);
  }

  #ask(script: string, id: string, ...args: readonly (string | number)[]): Promise<boolean> {
    return this.#redisErrors.guard(async () => (await this.#redis.eval(script, 1, keyOf(id), ...args)) === 1);
  }
}
