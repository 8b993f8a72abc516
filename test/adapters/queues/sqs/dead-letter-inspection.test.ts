import { type FauxqsServer, startFauxqs } from 'fauxqs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SqsQueue } from '../../../../src/adapters/queues/sqs/sqs-queue.ts';
import { SqsTaskQueue } from '../../../../src/adapters/queues/sqs/sqs-task-queue.ts';
import { systemClock as clock } from '../../../../src/adapters/system/system-clock.ts';
import { UsageError } from '../../../../src/domain/errors.ts';
import { queueIdOf } from '../../../../src/domain/queued-task.ts';
import { parseSqsUrl } from '../../../../src/domain/sqs-url.ts';
import { messageOf } from '../../../../src/protocol/queue-messages.ts';
import { aQueuedTask, someQueuedTasks } from '../../../support/queued.ts';

process.env['AWS_ACCESS_KEY_ID'] ??= 'test';
process.env['AWS_SECRET_ACCESS_KEY'] ??= 'test';

const never = new AbortController().signal;
const timing = { visibilityMs: 600_000, maxHoldMs: 3_600_000 };

describe('the dead letters of an SQS queue', () => {
  let server: FauxqsServer;
  let queue: SqsTaskQueue;
  const opened: { close(): unknown }[] = [];

  const address = (name: string) =>
    parseSqsUrl(`sqs://${name}?region=us-east-1&endpoint=http://127.0.0.1:${server.port}`, null, {});
  const open = (name: string): SqsTaskQueue => {
    const tasks = new SqsTaskQueue(address(name), timing, { clock, state: null });
    opened.push(tasks);
    return tasks;
  };
  const bury = async (count: number): Promise<void> => {
    const dead = new SqsQueue(address('tasks-dead'), { clock });
    opened.push(dead);
    await Promise.all(someQueuedTasks(count).map((task) => dead.send(JSON.stringify(messageOf(task)))));
  };
  /** Every message that is received is visible again at once, as when picking takes longer than it stays hidden. */
  const forgetful = (): void => {
    const receive = Reflect.get(SqsQueue.prototype, 'receive');
    vi.spyOn(SqsQueue.prototype, 'receive').mockImplementation(function (this: SqsQueue, most, request) {
      return receive.call(this, most, { ...request, visibilityS: 0 });
    });
  };

  beforeEach(async () => {
    server = await startFauxqs({ port: 0, logger: false });
    const { queueArn } = server.createQueue('tasks-dead');
    server.createQueue('tasks', {
      attributes: { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: queueArn, maxReceiveCount: 100 }) },
    });
    queue = open('tasks');
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await Promise.all(opened.splice(0).map((each) => each.close()));
    await server.stop();
  });

  it('are inspected to an end, each once, although they reappear meanwhile', async () => {
    await bury(5);
    forgetful();
    expect((await queue.dead(100)).map(({ id }) => id).toSorted()).toEqual(
      someQueuedTasks(5).map(queueIdOf).toSorted(),
    );
    expect(await queue.findDead(new Set([queueIdOf(aQueuedTask(9))]))).toEqual([]);
  });

  it('are requeued to an end, although they reappear meanwhile', async () => {
    await bury(25);
    forgetful();
    expect(await queue.requeue([queueIdOf(aQueuedTask(3)), queueIdOf(aQueuedTask(99))])).toBe(1);
    expect(await queue.requeue(null)).toBe(24);
    expect(await queue.depth()).toMatchObject({ waiting: 25, dead: 0 });
  });

  it('are visible to others as soon as an inspection has ended', async () => {
    await bury(15);
    await queue.dead(100);
    expect(await open('tasks').dead(100)).toHaveLength(15);
  });

  it('are nowhere if the queue has no dead-letter queue, and that is said', async () => {
    server.createQueue('bare');
    const bare = open('bare');
    expect([await bare.dead(10), await bare.requeue(null), (await bare.depth()).dead]).toEqual([[], 0, null]);
    await bare.send([aQueuedTask(1)]);
    const [lease] = await bare.receive(1, 2_000, never);
    const burying = lease?.deadLetter('a reason');
    await expect(burying).rejects.toThrow(UsageError);
    await expect(burying).rejects.toThrow('sqs://bare in us-east-1 has no dead-letter queue');
    expect(await lease?.ack()).toBe(true);
  });
});

describe('a full SQS queue', () => {
  it('is received in a few calls', async () => {
    const server = await startFauxqs({ port: 0, logger: false });
    server.createQueue('tasks');
    const url = `sqs://tasks?region=us-east-1&endpoint=http://127.0.0.1:${server.port}`;
    const queue = new SqsTaskQueue(parseSqsUrl(url, null, {}), timing, { clock, state: null });
    await queue.send(someQueuedTasks(60));
    const receive = vi.spyOn(SqsQueue.prototype, 'receive');
    expect(await queue.receive(500, 2_000, never)).toHaveLength(60);
    expect(receive.mock.calls.length).toBeLessThan(12);
    vi.restoreAllMocks();
    await queue.close();
    await server.stop();
  });

  it('with a limit of its own refuses what is above it, in one batch with others', async () => {
    const server = await startFauxqs({ port: 0, logger: false });
    server.createQueue('tasks', { attributes: { MaximumMessageSize: '262144' } });
    const url = `sqs://tasks?region=us-east-1&endpoint=http://127.0.0.1:${server.port}`;
    const queue = new SqsTaskQueue(parseSqsUrl(url, null, {}), timing, { clock, state: null });
    const [first, large, last] = someQueuedTasks(3);
    const task = { ...large!.task, body: 'x'.repeat(300_000) };
    const { fresh, failed } = await queue.send([first!, { ...large!, task }, last!]);
    expect([...fresh]).toEqual([first!, last!].map(queueIdOf));
    expect(failed.get(queueIdOf(large!))?.message).toMatch(/3\d{5} bytes is above the limit of 262144 bytes/);
    await queue.close();
    await server.stop();
  });
});
