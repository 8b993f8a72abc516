import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BullTaskQueue } from '../../../src/adapters/queues/bullmq/bullmq-task-queue.ts';
import { RedisResultQueue } from '../../../src/adapters/redis/redis-result-queue.ts';
import { RedisFleetState } from '../../../src/adapters/redis/fleet-state.ts';
import { systemClock as clock } from '../../../src/adapters/system/system-clock.ts';
import { hasRedis, RedisServer } from '../../contract/support/redis-server.ts';
import { aQueuedTask, aResult } from '../../support/queued.ts';

const never = new AbortController().signal;
const timing = { leaseMs: 5_000, stalledMs: 1_000, maxHoldMs: 3_600_000 };

describe.skipIf(!hasRedis)('a Redis', () => {
  let server: RedisServer;
  let redis: Redis;

  beforeEach(async () => {
    server = await RedisServer.start();
    redis = new Redis(server.url());
  });
  afterEach(async () => {
    redis.disconnect();
    await server.stop();
  });

  it('without the database of the URL is reported with the fix at every request, and is not changed', async () => {
    const url = server.url(99);
    const tasks = new BullTaskQueue({ url, region: 'r', timing }, { clock, state: null });
    const results = new RedisResultQueue({ url, leaseMs: 5_000 }, { clock });
    const state = new RedisFleetState(url);
    const reader = results.reader(null);
    const asks: (() => Promise<unknown>)[] = [
      () => tasks.send([aQueuedTask(1)]),
      () => tasks.depth(),
      () => tasks.receive(1, 0, never),
      () => results.push(aResult(1)),
      () => reader.receive(1, 60_000, never),
      () => state.recordSent('q', ['a']),
    ];
    for (const ask of [...asks, ...asks]) await expect(ask()).rejects.toThrow(/\/99: .*DB index.*: .*\/0 to \/15/);
    await Promise.all([reader.close(), tasks.close(), results.close(), state.close()]);
    // BullMQ writes its version and the time of its last check for stalled jobs.
    const written = (await redis.keys('*')).filter((key) => !/:(meta|stalled-check)$/.test(key));
    expect(written).toEqual([]);
  });

  it('with an evicting policy causes no warning by the library', async () => {
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const queue = new BullTaskQueue({ url: server.url(), region: 'r', timing }, { clock, state: null });
    await queue.send([aQueuedTask(1)]);
    expect(await queue.receive(1, 3_000, never)).toHaveLength(1);
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
    await queue.close();
  });
});
