import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BullTaskQueue } from '../../../src/adapters/queues/bullmq/bullmq-task-queue.ts';
import { RedisBucket } from '../../../src/adapters/redis/budget-bucket.ts';
import { RedisFleetState } from '../../../src/adapters/redis/fleet-state.ts';
import { readRedisInfo } from '../../../src/adapters/redis/redis-info.ts';
import { RedisResultQueue } from '../../../src/adapters/redis/redis-result-queue.ts';
import { RedisSubmissions } from '../../../src/adapters/redis/redis-submissions.ts';
import { systemClock as clock } from '../../../src/adapters/system/system-clock.ts';
import { UsageError } from '../../../src/domain/errors.ts';
import { hasRedis, RedisServer } from '../../contract/support/redis-server.ts';
import { aQueuedTask, aResult } from '../../support/queued.ts';

const never = new AbortController().signal;
const timing = { leaseMs: 5_000, stalledMs: 1_000, maxHoldMs: 3_600_000 };
const budget = { ratio: 0.1, minRetriesPerSecond: 1, maxRetriesPerSecond: 10, burst: 10 };
const account = { baseUrl: 'https://a.example', accountId: '1' };

describe.skipIf(!hasRedis)('a node of a Redis Cluster', () => {
  let server: RedisServer;

  beforeAll(async () => {
    // Without slots it refuses all keys, as each node refuses those of the others.
    server = await RedisServer.start({ more: ['--cluster-enabled', 'yes'] });
  });
  afterAll(() => server.stop());

  it.each([0, 3])('is refused in the same way by all that uses a Redis: database %i', async (db) => {
    const url = server.url(db);
    const queue = new BullTaskQueue({ url, region: 'r', timing }, { clock, state: null });
    const results = new RedisResultQueue({ url, leaseMs: 5_000 }, { clock });
    const reader = results.reader(null);
    const state = new RedisFleetState(url);
    const bucket = new RedisBucket({ url, ...account }, { clock });
    const submissions = new RedisSubmissions({ url, ...account }, { clock });
    const asks: Readonly<Record<string, () => Promise<unknown>>> = {
      send: () => queue.send([aQueuedTask(1)]),
      depth: () => queue.depth(),
      receive: () => queue.receive(1, 0, never),
      push: () => results.push(aResult(1)),
      read: () => reader.receive(1, 1_000, never),
      state: () => state.recordSent('q', ['a']),
      budget: () => bucket.look(budget),
      limits: () => submissions.look(),
      ...(db > 0 && { doctor: () => readRedisInfo(url, 5_000) }),
    };
    for (const [name, ask] of Object.entries(asks)) {
      const error: unknown = await ask().catch((refused: unknown) => refused);
      expect(error, name).toBeInstanceOf(UsageError);
      expect((error as UsageError).hint, name).toContain('Redis Cluster is not supported');
    }
    await Promise.all([reader.close(), queue.close(), results.close(), state.close()]);
    bucket.close();
    submissions.close();
  });
});
