import { Worker } from 'bullmq';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BullTaskQueue } from '../../../src/adapters/queues/bullmq/bullmq-task-queue.ts';
import { RedisFleetState } from '../../../src/adapters/redis/fleet-state.ts';
import { RedisErrors } from '../../../src/adapters/redis/redis-errors.ts';
import { RedisResultQueue } from '../../../src/adapters/redis/redis-result-queue.ts';
import { systemClock } from '../../../src/adapters/system/system-clock.ts';
import { retryWhileUnavailable } from '../../../src/core/fleet/retry-while-unavailable.ts';
import { QueueUnavailableError, UsageError } from '../../../src/domain/errors.ts';
import { RedisPair } from '../../contract/support/redis-pair.ts';
import { hasRedis, RedisServer } from '../../contract/support/redis-server.ts';
import { aQueuedTask, aResult } from '../../support/queued.ts';

const never = new AbortController().signal;
const timing = { leaseMs: 5_000, stalledMs: 1_000, maxHoldMs: 3_600_000 };
const patient = <T>(work: () => Promise<T>): Promise<T> =>
  retryWhileUnavailable(work, { clock: systemClock, signal: never, onUnavailable: () => undefined });

describe.skipIf(!hasRedis)('after a failover that left the connections open', () => {
  let pair: RedisPair;
  let queue: BullTaskQueue;
  let results: RedisResultQueue;
  let state: RedisFleetState;

  beforeEach(async () => {
    pair = await RedisPair.start();
    const url = pair.proxy.url();
    state = new RedisFleetState(url);
    queue = new BullTaskQueue({ url, region: 'r', timing }, { clock: systemClock, state });
    results = new RedisResultQueue({ url, leaseMs: 5_000 }, { clock: systemClock });
  });
  afterEach(async () => {
    await Promise.all([queue.close(), results.close(), state.close()]);
    await pair.stop();
  });

  it('the old primary is told apart, and everything continues with the new one', async () => {
    await queue.send([aQueuedTask(1), aQueuedTask(2)]);
    const [lease] = await queue.receive(1, 3_000, never);
    const reader = results.reader(null);
    await results.push(aResult(3));
    expect(await reader.receive(5, 3_000, never)).toHaveLength(1);
    await pair.failOver();
    const progress = { state: 'submitted', attempts: 1, captchaId: '777', submittedAt: 5 } as const;
    await expect(results.push(aResult(1))).rejects.toThrow(QueueUnavailableError);
    await patient(async () => lease?.save(progress));
    expect(await patient(() => results.push(aResult(1)))).toBe('first');
    await patient(async () => lease?.ack());
    await patient(() => queue.send([aQueuedTask(4)]));
    const received = new Set<string>();
    while (received.size < 2) {
      for (const each of await patient(() => queue.receive(5, 2_000, never))) {
        received.add(each.queued.key);
        await each.ack();
      }
    }
    expect(received).toEqual(new Set([aQueuedTask(2).key, aQueuedTask(4).key]));
    const found = new Set<string>();
    while (!found.has(aResult(1).key)) {
      for (const { result } of await patient(() => reader.receive(5, 2_000, never))) found.add(result.key);
    }
    await reader.close();
  });
});

describe.skipIf(!hasRedis)('a Redis that refuses one of several commands', () => {
  it('delivers every task that was taken beside the refused command', async () => {
    const redis = await RedisServer.start();
    const queue = new BullTaskQueue({ url: redis.url(), region: 'r', timing }, { clock: systemClock, state: null });
    const tasks = [1, 2, 3, 4].map((number) => aQueuedTask(number));
    await queue.send(tasks);
    const take = Reflect.get(Worker.prototype, 'getNextJob') as Worker['getNextJob'];
    let calls = 0;
    const refusing = vi.spyOn(Worker.prototype, 'getNextJob').mockImplementation(function (this: Worker, ...args) {
      calls += 1;
      // The first command of the second and of the third request.
      const isRefused = calls === 2 || calls === 4;
      return isRefused ? Promise.reject(new Error("READONLY You can't write")) : take.apply(this, args);
    });
    try {
      const received = new Set<string>();
      for (let turns = 0; turns < 10 && received.size < tasks.length; turns += 1) {
        for (const { queued } of await patient(() => queue.receive(10, 500, never))) received.add(queued.key);
      }
      expect(received).toEqual(new Set(tasks.map(({ key }) => key)));
    } finally {
      refusing.mockRestore();
      await queue.close();
      await redis.stop();
    }
  });
});

describe('answers of a Redis that have a meaning of their own', () => {
  const errors = new RedisErrors('redis://:secret@redis:6379/0');
  const guarded = (message: string): Promise<never> => errors.guard(() => Promise.reject(new Error(message)));

  it('a node of a cluster is refused with the fix', async () => {
    for (const message of ['MOVED 1234 10.0.0.2:6379', 'CROSSSLOT Keys do not hash', 'CLUSTERDOWN Hash slot']) {
      const refused = guarded(message);
      await expect(refused).rejects.toThrow(UsageError);
      await expect(refused).rejects.toMatchObject({ hint: expect.stringContaining('not supported') as string });
      await expect(refused).rejects.not.toThrow('secret');
    }
  });

  it('one that is starting, and a replica, are waited for', async () => {
    for (const message of ['LOADING Redis is loading the dataset in memory', "READONLY You can't write"]) {
      await expect(guarded(message)).rejects.toThrow(QueueUnavailableError);
    }
    await expect(guarded('LOADING x')).rejects.toThrow('loading its data after a start (LOADING x)');
  });
});
