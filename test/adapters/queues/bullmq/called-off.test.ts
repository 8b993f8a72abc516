import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BullTaskQueue } from '../../../../src/adapters/queues/bullmq/bullmq-task-queue.ts';
import { systemClock } from '../../../../src/adapters/system/system-clock.ts';
import { QueueUnavailableError } from '../../../../src/domain/errors.ts';
import type { FleetState } from '../../../../src/ports/queues.ts';
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
    expect(lease).toMatchObject({ delivery: 1, queued: { key: aQueuedTask(1).key } });
  });

  it('holds nothing while the fleet state is unreachable', async () => {
    const unreachable = { begin: () => Promise.reject(new QueueUnavailableError('away', 'away')) };
    const state = unreachable as Partial<FleetState> as FleetState;
    const blind = new BullTaskQueue({ url: server.url(), region: 'r', timing }, { clock: systemClock, state });
    await queue.send([aQueuedTask(1), aQueuedTask(2)]);
    await expect(blind.receive(2, 0, never)).rejects.toThrow(QueueUnavailableError);
    const leases = [...(await queue.receive(2, 10_000, never)), ...(await queue.receive(1, 0, never))];
    expect(leases.map(({ delivery }) => delivery)).toEqual([1, 1]);
    await blind.close();
  });
});
