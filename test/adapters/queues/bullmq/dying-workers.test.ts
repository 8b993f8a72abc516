import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BullTaskQueue } from '../../../../src/adapters/queues/bullmq/bullmq-task-queue.ts';
import { systemClock } from '../../../../src/adapters/system/system-clock.ts';
import { hasRedis, RedisServer } from '../../../contract/support/redis-server.ts';
import { aQueuedTask } from '../../../support/queued.ts';
import { buildHolder, type Holder, startHolder } from '../../redis/support/spawn-holder.ts';

const never = new AbortController().signal;
const submitted = { state: 'submitted', attempts: 1, captchaId: '777', submittedAt: 5 };
const timing = { leaseMs: 2_000, stalledMs: 1_000, maxHoldMs: 3_600_000 };

describe.skipIf(!hasRedis)('a worker of BullMQ', () => {
  let program: Awaited<ReturnType<typeof buildHolder>>;
  let server: RedisServer;
  let queue: BullTaskQueue;
  let holder: Holder;

  beforeAll(async () => {
    program = await buildHolder();
  });
  afterAll(() => program.remove());
  beforeEach(async () => {
    server = await RedisServer.start();
    queue = new BullTaskQueue({ url: server.url(), region: 'r', timing }, { clock: systemClock, state: null });
    await queue.send([aQueuedTask(1)]);
    holder = startHolder(program.path, server.url(), 'r');
    await holder.says('holding');
  });
  afterEach(async () => {
    holder.child.kill('SIGKILL');
    await queue.close();
    await server.stop();
  });

  it('that is killed leaves its task, with the paid id, to the next', async () => {
    holder.child.kill('SIGKILL');
    const [lease] = await queue.receive(1, 10_000, never);
    expect(lease).toMatchObject({ delivery: 2, queued: { progress: submitted } });
    expect(await lease?.ack()).toBe(true);
  });

  it('that was suspended can neither save nor finish a task that another has', async () => {
    holder.child.kill('SIGSTOP');
    const [lease] = await queue.receive(1, 10_000, never);
    holder.child.kill('SIGCONT');
    await Promise.all([holder.says('LeaseLostError'), holder.says('not mine')]);
    expect(holder.lines).toEqual(expect.not.arrayContaining(['saved', 'acknowledged']));
    expect(await lease?.release()).toBe(true);
    const [next] = await queue.receive(1, 5_000, never);
    expect(next?.queued.progress).toEqual(submitted);
  });

  it('keeps its tasks while Redis is killed and restarted', async () => {
    await server.down();
    await systemClock.sleep(300);
    await server.up();
    // The other workers must have reconnected too, to prove that it is still held.
    await expect.poll(() => queue.depth()).toMatchObject({ waiting: 0, inFlight: 1 });
    await systemClock.sleep(2 * timing.leaseMs);
    expect(await queue.depth()).toMatchObject({ waiting: 0, inFlight: 1 });
  });
});
