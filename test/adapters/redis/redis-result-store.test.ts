import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ResultStore, runsKey } from '../../../src/adapters/redis/redis-result-store.ts';
import { hasRedis, RedisServer } from '../../contract/support/redis-server.ts';
import { aResult } from '../../support/queued.ts';

const longAgo = Date.now() - 3_600_000;
const anyReader = (run: string): { run: string; reader: null } => ({ run, reader: null });

describe.skipIf(!hasRedis)('the results of runs in Redis', () => {
  let server: RedisServer;
  let redis: Redis;
  let store: ResultStore;

  beforeEach(async () => {
    server = await RedisServer.start();
    redis = new Redis(server.url());
    store = new ResultStore(redis, { leaseMs: 5_000 });
  });
  afterEach(async () => {
    redis.disconnect();
    await server.stop();
  });

  it('of many concurrent tasks are independent, and the first of each task is final', async () => {
    const pushes = [aResult(1), aResult(2), aResult(1), aResult(3)].map((result) => store.push(result));
    expect(await Promise.all(pushes)).toEqual([true, true, false, true]);
    const { run } = aResult(1);
    const known = [1, 2, 3, 4].map((row) => store.isFinished(run, aResult(row).key));
    expect(await Promise.all(known)).toEqual([true, true, true, false]);
    const taken = await store.take(anyReader(run), 10);
    await Promise.all(taken.map(({ key }) => store.ack(run, key)));
    expect(taken.map(({ key }) => key)).toEqual([1, 2, 3].map((row) => aResult(row).key));
    expect(await store.counts(run)).toEqual({ waiting: 0, held: 0 });
  });

  it('are polled while there were recent pushes', async () => {
    const { run, key } = aResult(1);
    await store.push(aResult(1));
    await store.take(anyReader(run), 1);
    await store.ack(run, key);
    await store.forgetIfQuiet(run);
    expect(await store.runs()).toEqual([run]);
    await redis.zadd(runsKey, longAgo, run);
    await store.forgetIfQuiet(run);
    expect(await store.runs()).toEqual([]);
  });

  it('are polled while something waits, whenever it was pushed', async () => {
    const { run } = aResult(1);
    await store.push(aResult(1));
    await redis.zadd(runsKey, longAgo, run);
    await store.forgetIfQuiet(run);
    expect(await store.runs()).toEqual([run]);
  });
});
