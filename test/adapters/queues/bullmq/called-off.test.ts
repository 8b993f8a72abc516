import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BullTaskQueue } from '../../../../src/adapters/queues/bullmq/bullmq-task-queue.ts';
import { systemClock } from '../../../../src/adapters/system/system-clock.ts';
import { hasRedis, RedisServer } from '../../../contract/support/redis-server.ts';
import { aQueuedTask } from '../../../support/queued.ts';

const never = new AbortController().signal;
/** Long enough that no lease expires during a test. */
const timing = { leaseMs: 600_000, stalledMs: 300_000, maxHoldMs: 3_600_000 };

describe.skipIf(!hasRedis)('a cancelled receive from BullMQ', () => {
  let server: RedisServer;
  let queue: BullTaskQueue;

  beforeEach(async () => {
    server = await RedisServer.start();
    queue = new BullTaskQueue({ url: server.url(), region: 'r', timing }, { clock: systemClock, state: null });
  });
  afterEach(async () => {
    await queue.close();
    await server.stop();
  });

  it('returns the task that still arrives', async () => {
    await queue.receive(1, 0, never);
    await queue.send([aQueuedTask(1)]);
    const stop = new AbortController();
    const receiving = queue.receive(1, 1_000, stop.signal);
    stop.abort();
    expect(await receiving).toEqual([]);
    const [lease] = await queue.receive(1, 10_000, never);
    expect(lease?.queued.key).toBe(aQueuedTask(1).key);
  });
});
