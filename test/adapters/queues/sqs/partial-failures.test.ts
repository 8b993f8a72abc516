import { type FauxqsServer, startFauxqs } from 'fauxqs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SqsQueue } from '../../../../src/adapters/queues/sqs/sqs-queue.ts';
import { SqsTaskQueue } from '../../../../src/adapters/queues/sqs/sqs-task-queue.ts';
import { parseSqsUrl } from '../../../../src/domain/sqs-url.ts';
import { systemClock } from '../../../../src/adapters/system/system-clock.ts';
import { QueueUnavailableError } from '../../../../src/domain/errors.ts';
import { queueIdOf } from '../../../../src/domain/queued-task.ts';
import type { Begun, FleetState } from '../../../../src/ports/queues.ts';
import { someQueuedTasks } from '../../../support/queued.ts';

process.env['AWS_ACCESS_KEY_ID'] ??= 'test';
process.env['AWS_SECRET_ACCESS_KEY'] ??= 'test';

const never = new AbortController().signal;
/** Long enough that nothing reappears by itself during a test. */
const timing = { visibilityMs: 600_000, maxHoldMs: 3_600_000 };

/** Stores in memory what was sent; `begin` fails for the ids in `broken`. */
class FakeState implements FleetState {
  readonly sent = new Set<string>();
  readonly broken = new Set<string>();

  async unsent(_queue: string, ids: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(ids.filter((id) => !this.sent.has(id)));
  }

  async recordSent(_queue: string, ids: readonly string[]): Promise<void> {
    for (const id of ids) this.sent.add(id);
  }

  async begin(id: string): Promise<Begun> {
    if (this.broken.has(id)) throw new QueueUnavailableError('redis://state: gone');
    return { isHere: true, progress: null };
  }

  forgetSent = async (): Promise<void> => undefined;
  offer = async (): Promise<boolean> => true;
  settle = async (): Promise<boolean> => true;
  noteRun = async (): Promise<void> => undefined;
  knowsRun = async (): Promise<boolean> => true;
  placeOf = async (): Promise<null> => null;
  takeOver = async (): Promise<void> => undefined;
  forget = async (): Promise<void> => undefined;
  save = async (): Promise<boolean> => true;
  claimResult = async () => ({ isFirst: true, standing: null });
  standingResult = async (): Promise<undefined> => undefined;
  recordDelivered = async (): Promise<void> => undefined;
  close = async (): Promise<void> => undefined;
}

describe('if SQS or the side store fails in part', () => {
  let server: FauxqsServer;
  let queue: SqsTaskQueue;
  let state: FakeState;

  beforeEach(async () => {
    server = await startFauxqs({ port: 0, logger: false });
    server.createQueue('tasks');
    state = new FakeState();
    const url = `sqs://tasks?region=us-east-1&endpoint=http://127.0.0.1:${server.port}`;
    queue = new SqsTaskQueue(parseSqsUrl(url, null, {}), timing, { clock: systemClock, state });
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await queue.close();
    await server.stop();
  });

  it('the sent tasks are recorded, and a second try sends the others only', async () => {
    const tasks = someQueuedTasks(3);
    const refused = tasks[1]!;
    const send = Reflect.get(SqsQueue.prototype, 'send');
    vi.spyOn(SqsQueue.prototype, 'send').mockImplementation(function (this: SqsQueue, ...args) {
      if (args[0].includes(refused.key)) return Promise.reject(new QueueUnavailableError('InternalError'));
      return send.call(this, ...args);
    });
    const { failed } = await queue.send(tasks);
    expect([...failed]).toEqual([[queueIdOf(refused), expect.any(QueueUnavailableError)]]);
    expect([...state.sent]).toEqual([tasks[0]!, tasks[2]!].map(queueIdOf));
    vi.restoreAllMocks();
    expect([...(await queue.send(tasks)).fresh]).toEqual([queueIdOf(refused)]);
    expect((await queue.depth()).waiting).toBe(3);
  });

  it('messages with one that cannot be started are all returned at once', async () => {
    const tasks = someQueuedTasks(2);
    await queue.send(tasks);
    await expect.poll(async () => (await queue.depth()).waiting).toBe(2);
    state.broken.add(queueIdOf(tasks[1]!));
    await expect(queue.receive(10, 1_000, never)).rejects.toThrow('redis://state: gone');
    await expect.poll(() => queue.depth()).toMatchObject({ waiting: 2, inFlight: 0 });
    state.broken.clear();
    expect((await queue.receive(10, 1_000, never)).map(({ queued }) => queued.key).sort()).toEqual(
      tasks.map(({ key }) => key).sort(),
    );
  });
});
