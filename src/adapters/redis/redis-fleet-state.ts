import type { Redis } from 'ioredis';
import type { OpenProgress } from '../../domain/queued-task.ts';
import type { FleetState } from '../../ports/fleet-state.ts';
import { closeRedis, openRedis } from './redis-client.ts';
import { RedisTrouble } from './redis-trouble.ts';

/** Longer than SQS keeps a message. */
const rememberedMs = 15 * 86_400_000;
const bulkSize = 1_000;

/** KEYS: the task. ARGV: the holder, how long it is remembered. Answers the progress. */
const beginScript = `
redis.call('HSET', KEYS[1], 'holder', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('HGET', KEYS[1], 'progress')`;

/**
 * KEYS: the task. ARGV: the holder, the progress, how long it is remembered. Answers 1 where it was saved. Without a holder
 * this Redis has lost its data, and nobody has begun the task since.
 */
const saveScript = `
local holder = redis.call('HGET', KEYS[1], 'holder')
if holder and holder ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'progress', ARGV[2])
if not holder then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return 1`;

/** KEYS: the task. ARGV: the result, how long it is remembered. Answers whether it is the first, and what stands; nothing once delivered. */
const claimScript = `
local isFirst = redis.call('HSETNX', KEYS[1], 'result', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {isFirst, redis.call('HGET', KEYS[1], 'result')}`;

/** What stands for a result that was delivered: no result is as short. */
const delivered = '';

const keyOf = (id: string): string => `{captcha:task:${id}}`;
const sentKeyOf = (queue: string): string => `{captcha:sent:${queue}}`;

/** What a fleet remembers of its tasks, in a Redis that all of it can reach. */
export class RedisFleetState implements FleetState {
  readonly #trouble: RedisTrouble;
  readonly #redis: Redis;

  constructor(url: string) {
    this.#trouble = new RedisTrouble(url);
    this.#redis = openRedis(url, this.#trouble);
  }

  unsent(queue: string, ids: readonly string[]): Promise<ReadonlySet<string>> {
    return this.#trouble.guard(async () => {
      const unsent = new Set<string>();
      for (let from = 0; from < ids.length; from += bulkSize) {
        const bulk = ids.slice(from, from + bulkSize);
        const known = await this.#redis.smismember(sentKeyOf(queue), ...bulk);
        bulk.filter((_, index) => known[index] === 0).forEach((id) => unsent.add(id));
      }
      return unsent;
    });
  }

  recordSent(queue: string, ids: readonly string[]): Promise<void> {
    return this.#trouble.guard(async () => {
      if (ids.length === 0) return;
      await this.#redis.sadd(sentKeyOf(queue), ...ids);
      await this.#redis.pexpire(sentKeyOf(queue), rememberedMs);
    });
  }

  forgetSent(queue: string, id: string): Promise<void> {
    return this.#trouble.guard(async () => {
      await this.#redis.srem(sentKeyOf(queue), id);
    });
  }

  begin(id: string, holder: string): Promise<OpenProgress | null> {
    return this.#trouble.guard(async () => {
      const progress = (await this.#redis.eval(beginScript, 1, keyOf(id), holder, rememberedMs)) as string | null;
      return progress === null ? null : (JSON.parse(progress) as OpenProgress);
    });
  }

  save(id: string, holder: string, progress: OpenProgress): Promise<boolean> {
    const text = JSON.stringify(progress);
    return this.#trouble.guard(
      async () => (await this.#redis.eval(saveScript, 1, keyOf(id), holder, text, rememberedMs)) === 1,
    );
  }

  claimResult(id: string, result: string): Promise<{ readonly isFirst: boolean; readonly standing: string | null }> {
    return this.#trouble.guard(async () => {
      const answer = await this.#redis.eval(claimScript, 1, keyOf(id), result, rememberedMs);
      const [isFirst, standing] = answer as [number, string];
      return { isFirst: isFirst === 1, standing: standing === delivered ? null : standing };
    });
  }

  standingResult(id: string): Promise<string | null | undefined> {
    return this.#trouble.guard(async () => {
      const standing = await this.#redis.hget(keyOf(id), 'result');
      if (standing === null) return undefined;
      return standing === delivered ? null : standing;
    });
  }

  recordDelivered(id: string): Promise<void> {
    return this.#trouble.guard(async () => {
      await this.#redis.hset(keyOf(id), 'result', delivered);
    });
  }

  close(): Promise<void> {
    return closeRedis(this.#redis);
  }
}
