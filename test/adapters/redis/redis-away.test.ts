import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BullTaskQueue } from '../../../src/adapters/queues/bullmq/bullmq-task-queue.ts';
import { RedisResultQueue } from '../../../src/adapters/redis/redis-result-queue.ts';
import { systemClock } from '../../../src/adapters/system/system-clock.ts';
import { retryWhileUnavailable } from '../../../src/core/fleet/retry-while-unavailable.ts';
import { QueueUnavailableError } from '../../../src/domain/errors.ts';
import { hasRedis, RedisServer } from '../../contract/support/redis-server.ts';
import { aQueuedTask, aResult } from '../../support/queued.ts';

const never = new AbortController().signal;
/** Longer than a test may take. */
const hourMs = 3_600_000;
const patience = { clock: systemClock, signal: never, onUnavailable: () => undefined };
const timing = { leaseMs: 5_000, stalledMs: 1_000, maxHoldMs: 3_600_000 };

describe.skipIf(!hasRedis)('while Redis is unreachable', () => {
  let server: RedisServer;
  let queue: BullTaskQueue;
  let results: RedisResultQueue;

  beforeEach(async () => {
    server = await RedisServer.start();
    queue = new BullTaskQueue({ url: server.url(), region: 'r', timing }, { clock: systemClock, state: null });
    results = new RedisResultQueue({ url: server.url(9), leaseMs: 5_000 }, { clock: systemClock });
  });
  afterEach(async () => {
    await Promise.all([queue.close(), results.close()]);
    await server.stop();
  });

  it('senders get an error at once, with the address and without the password', async () => {
    await queue.send([aQueuedTask(1)]);
    await server.down();
    await expect(queue.send([aQueuedTask(2)])).rejects.toThrow(QueueUnavailableError);
    await expect(queue.depth()).rejects.toThrow(`redis://127.0.0.1:${server.port}/0`);
    await expect(queue.receive(1, 0, never)).rejects.toThrow(QueueUnavailableError);
  });

  it('a Redis that was never reachable is reported at once', async () => {
    await server.down();
    const url = `redis://user:secret@127.0.0.1:${server.port}/0`;
    const unreached = new BullTaskQueue({ url, region: 'r', timing }, { clock: systemClock, state: null });
    await expect(unreached.send([aQueuedTask(1)])).rejects.toThrow(/user:\*\*\*@.*ECONNREFUSED/);
    await unreached.close();
  });

  it('paid tasks are saved, pushed and acknowledged when it is back', async () => {
    await queue.send([aQueuedTask(1)]);
    const [lease] = await queue.receive(1, 3_000, never);
    await results.push(aResult(2));
    await server.down();
    const saving = lease?.save({ state: 'submitted', attempts: 1, captchaId: '777', submittedAt: 5 });
    await expect(results.push(aResult(1))).rejects.toThrow(QueueUnavailableError);
    await server.up();
    await saving;
    expect(await retryWhileUnavailable(() => results.push(aResult(1)), patience)).toBe('first');
    expect(await lease?.ack()).toBe(true);
    expect(await results.isFinished(aResult(2))).toBe(true);
  });

  it('readers get an error, and the results once it is back', async () => {
    const reader = results.reader(null);
    await results.push(aResult(1));
    const [first] = await reader.receive(1, 0, never);
    await server.down();
    await expect(reader.receive(5, hourMs, never)).rejects.toThrow(`127.0.0.1:${server.port}`);
    await expect(first?.ack()).rejects.toThrow(QueueUnavailableError);
    await server.up();
    await retryWhileUnavailable(async () => first?.ack(), patience);
    await retryWhileUnavailable(() => results.push(aResult(2)), patience);
    const [second] = await retryWhileUnavailable(() => reader.receive(5, 5_000, never), patience);
    expect(second?.result.key).toBe(aResult(2).key);
    await reader.close();
    expect(await results.depth()).toEqual({ waiting: 1, inFlight: 0 });
  });

  it('a process that closes its queues can end', async () => {
    await queue.receive(1, 0, never);
    await server.down();
    await Promise.all([queue.close(), results.close()]);
  });
});
