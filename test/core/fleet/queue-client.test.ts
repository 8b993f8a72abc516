import { describe, expect, it } from 'vitest';
import { MemoryTaskQueue } from '../../../src/adapters/queues/memory/memory-task-queue.ts';
import { MemoryTasks } from '../../../src/adapters/queues/memory/memory-tasks.ts';
import { QueueClient, type QueueClientDeps } from '../../../src/core/fleet/queue-client.ts';
import type { Dispatch, RoutedTask } from '../../../src/core/fleet/task-region.ts';
import { QueueUnavailableError, TaskRefusedError } from '../../../src/domain/errors.ts';
import { queueIdOf, type TaskResult } from '../../../src/domain/queued-task.ts';
import type { TaskQueue } from '../../../src/ports/queues.ts';
import { aQueuedTask, aWorker, FleetWorld } from '../../support/fleet-harness.ts';
import { aResult } from '../../support/queued.ts';
import { ScriptedApi } from '../../support/scripted-api.ts';
import { wellBehaved } from '../../support/solver-harness.ts';

/** The journal's knowledge about a task that an earlier process has sent. */
const sentBefore: Dispatch = { wasQueued: true, beforeSend: () => undefined, recordDoubt: () => undefined };

const aTaskOf = (row: number): RoutedTask => ({ ...aQueuedTask(row), homeRegion: 'home' });

function aDispatcher(world: FleetWorld, special: Partial<QueueClientDeps> = {}) {
  const stop = new AbortController();
  const told: string[] = [];
  const away: (readonly [string | null, string | null])[] = [];
  const queueClient = new QueueClient('run-a', {
    queues: new Map([['home', new MemoryTaskQueue(world.tasks)]]),
    results: world.results,
    state: null,
    place: ({ home }) => ({ region: home, reason: '' }),
    clock: world.clock,
    isResumed: false,
    onUnavailable: (region, message) => {
      if (message !== null) away.push([region, message]);
    },
    notify: (message) => told.push(message),
    ...special,
  });
  const left = new Map<string, number>();
  const onLeft = (counts: ReadonlyMap<string, number>): void =>
    counts.forEach((count, region) => left.set(region, count));
  const collecting = queueClient.collect(stop.signal, async () => undefined, onLeft);
  const end = async (): Promise<void> => {
    stop.abort();
    await world.clock.run();
    await collecting;
    await queueClient.close();
  };
  return { queueClient, stop, away, told, left, end };
}

function startWorker(world: FleetWorld, exitWhenIdleMs = 10_000) {
  const api = new ScriptedApi(wellBehaved, { clock: world.clock });
  const { worker } = aWorker({ world, api, concurrency: 50, options: { exitWhenIdleMs } });
  void worker.run();
  return api;
}

describe('a dispatcher', () => {
  it('sends tasks to their regions and waits for their results', async () => {
    const world = new FleetWorld();
    const { queueClient, end } = aDispatcher(world);
    const waiting = [1, 2, 3].map((row) => queueClient.dispatch(aTaskOf(row)));
    startWorker(world);
    await world.clock.advance(60_000);
    const results = await Promise.all(waiting);
    expect(results.map((result) => result?.outcome.taskId)).toEqual(['t1', 't2', 't3']);
    for (const row of [1, 2, 3]) queueClient.settle(aTaskOf(row).key);
    await end();
    expect(await world.results.depth()).toEqual({ waiting: 0, inFlight: 0 });
  });

  it('counts what stays in the queues, by the region that it was sent to', async () => {
    const world = new FleetWorld();
    const first = aDispatcher(world);
    for (const row of [1, 2]) void first.queueClient.dispatch(aTaskOf(row));
    await world.clock.advance(100);
    await first.end();
    expect(first.left).toEqual(new Map([['home', 2]]));
    const second = aDispatcher(world, { isResumed: true });
    void second.queueClient.dispatch(aTaskOf(1), sentBefore);
    void second.queueClient.dispatch(aTaskOf(3));
    await world.clock.advance(100);
    await second.end();
    expect(second.left).toEqual(new Map([['home', 2]]));
  });

  it('keeps a result in its queue until its row is written, for the next process of the run', async () => {
    const world = new FleetWorld();
    const first = aDispatcher(world);
    const waiting = first.queueClient.dispatch(aTaskOf(1));
    startWorker(world);
    await world.clock.advance(60_000);
    expect(await waiting).not.toBeNull();
    await first.end();
    const second = aDispatcher(world);
    await world.clock.advance(1_000);
    expect((await second.queueClient.dispatch(aTaskOf(1)))?.outcome.status).toBe('solved');
    expect(world.tasks.depth()).toMatchObject({ waiting: 0, inFlight: 0 });
    await second.end();
  });

  it('gives up a task whose result another reader took, and reports that it may have been paid for', async () => {
    const world = new FleetWorld();
    const first = aDispatcher(world);
    void first.queueClient.dispatch(aTaskOf(1));
    await world.clock.advance(100);
    await first.end();
    startWorker(world);
    await world.clock.advance(60_000);
    const anybody = world.results.reader(null);
    const [read] = await anybody.receive(1, 0, new AbortController().signal);
    await read?.ack();
    await anybody.close();
    const second = aDispatcher(world);
    const waiting = second.queueClient.dispatch(aTaskOf(1));
    startWorker(world);
    await world.clock.advance(60_000);
    expect(await waiting).toMatchObject({
      possiblyCharged: true,
      outcome: { status: 'failed', reason: 'in-doubt', message: expect.stringContaining('captcha results') as string },
    });
    await second.end();
  });

  it('finds tasks of an earlier process in their queues, and neither sends nor pays twice', async () => {
    const world = new FleetWorld();
    const first = aDispatcher(world);
    void first.queueClient.dispatch(aTaskOf(1));
    await world.clock.advance(100);
    await first.end();
    const second = aDispatcher(world);
    const again = second.queueClient.dispatch(aTaskOf(1));
    const api = startWorker(world);
    await world.clock.advance(60_000);
    expect(await again).toMatchObject({ outcome: { status: 'solved' }, possiblyCharged: false });
    expect(api.submissions).toHaveLength(1);
    await second.end();
  });

  it('returns null for tasks without a result when it ends', async () => {
    const world = new FleetWorld();
    const { queueClient, end } = aDispatcher(world);
    const waiting = queueClient.dispatch(aTaskOf(1));
    await world.clock.advance(1_000);
    await end();
    expect(await waiting).toBeNull();
    expect(world.tasks.depth()).toMatchObject({ waiting: 1 });
  });

  it('sends a task elsewhere if its queue is unreachable, and marks that it may be in both', async () => {
    const world = new FleetWorld();
    const other = new MemoryTasks({ clock: world.clock });
    const gone = Object.assign(Object.create(new MemoryTaskQueue(world.tasks)) as TaskQueue, {
      send: () => Promise.reject(new QueueUnavailableError('redis://home: gone')),
    });
    const queues = new Map<string, TaskQueue>([
      ['home', gone],
      ['other', new MemoryTaskQueue(other)],
    ]);
    const place = () => ({ region: world.clock.nowMs() < 2_500 ? 'home' : 'other', reason: '' });
    const { queueClient, away, end } = aDispatcher(world, { queues, place });
    void queueClient.dispatch(aTaskOf(1));
    await world.clock.advance(5_000);
    expect(away).toEqual(Array.from({ length: 3 }, () => ['home', 'redis://home: gone']));
    const [lease] = await new MemoryTaskQueue(other).receive(1, 0, new AbortController().signal);
    expect(lease!.queued.progress).toEqual({ state: 'in-doubt', attempts: 0 });
    await end();
  });

  /**
   * Two regions, and a run that an earlier process started; `isAway` makes the home queue unreachable. `special`: other
   * answers of a queue, by region, and whether the state still knows the run.
   */
  function aResumedRun(
    place: string | null,
    isAway: () => boolean,
    special: { readonly queues?: Record<string, Partial<TaskQueue>>; readonly knowsRun?: boolean } = {},
  ) {
    const world = new FleetWorld();
    const [home, other] = [world.tasks, new MemoryTasks({ clock: world.clock })];
    const named = (name: string, tasks: MemoryTasks): TaskQueue => {
      const queue: TaskQueue = new MemoryTaskQueue(tasks);
      const send = queue.send.bind(queue);
      queue.send = (queued) =>
        name === 'home' && isAway() ? Promise.reject(new QueueUnavailableError('gone')) : send(queued);
      Object.assign(queue, special.queues?.[name]);
      return Object.defineProperty(queue, 'place', { value: `the place of ${name}` });
    };
    const taken: object[] = [];
    const history = aDispatcher(world, {
      queues: new Map([
        ['home', named('home', home)],
        ['other', named('other', other)],
      ]),
      place: () => ({ region: isAway() && world.clock.nowMs() > 1_500 ? 'other' : 'home', reason: '' }),
      isResumed: true,
      state: {
        noteRun: async () => undefined,
        knowsRun: async () => special.knowsRun ?? true,
        placeOf: async () => place,
        takeOver: async (id, move) => void taken.push({ id, ...move }),
      },
    });
    const progressIn = async (tasks: MemoryTasks) => {
      const leases = await new MemoryTaskQueue(tasks).receive(10, 0, new AbortController().signal);
      return leases.map(({ queued }) => queued.progress);
    };
    return { ...history, world, home, other, taken, progressIn };
  }

  it('sends a task of an earlier process to the queue where it was started, and marks a copy that should be there already', async () => {
    const { queueClient, world, home, other, progressIn, end } = aResumedRun('the place of other', () => false);
    void queueClient.dispatch(aTaskOf(1));
    await world.clock.advance(100);
    expect(await progressIn(home)).toEqual([]);
    expect(await progressIn(other)).toEqual([{ state: 'in-doubt', attempts: 0 }]);
    await end();
  });

  it('sends a task that was never started to its home region', async () => {
    const { queueClient, world, home, progressIn, end } = aResumedRun(null, () => false);
    void queueClient.dispatch(aTaskOf(1));
    await world.clock.advance(100);
    expect(await progressIn(home)).toEqual([{ state: 'new' }]);
    await end();
  });

  it('takes over a task with an unreachable queue, records the doubt first, and marks any result', async () => {
    const run = aResumedRun('the place of home', () => true);
    const { queueClient, world, other, taken, progressIn, end } = run;
    const recorded: number[] = [];
    const waiting = queueClient.dispatch(aTaskOf(1), {
      ...sentBefore,
      recordDoubt: () => void recorded.push(taken.length),
    });
    await world.clock.advance(3_000);
    expect(recorded).toEqual([0]);
    expect(taken).toEqual([{ id: queueIdOf(aTaskOf(1)), from: 'the place of home', to: 'the place of other' }]);
    expect(await progressIn(other)).toEqual([{ state: 'in-doubt', attempts: 0 }]);
    await world.results.push(aResult(1));
    await world.clock.advance(1_000);
    expect(await waiting).toMatchObject({ possiblyCharged: true });
    await end();
  });

  const gone = { holds: () => Promise.reject(new QueueUnavailableError('gone')) };
  const holding = (isHeld: boolean): Partial<TaskQueue> => ({ holds: async (tasks) => tasks.map(() => isHeld) });
  const empty = holding(false);

  it.each([
    ['takes over what was begun there', 'the place of home', { state: 'in-doubt', attempts: 0 }],
    ['sends elsewhere what nobody has begun', null, { state: 'new' }],
  ])('does not wait for an unreachable queue to report its tasks: it %s', async (_what, place, progress) => {
    const queues = { home: gone, other: empty };
    const { queueClient, world, other, progressIn, end } = aResumedRun(place, () => true, { queues });
    void queueClient.dispatch(aTaskOf(1), sentBefore);
    await world.clock.advance(3_000);
    expect(await progressIn(other)).toEqual([progress]);
    await end();
  });

  it('marks a task whose place the state has lost, unless a queue reports that it has it', async () => {
    const doubts: string[] = [];
    const recordDoubt = (): void => void doubts.push('');
    for (const [queues, count] of [
      [{ home: gone, other: empty }, 1],
      [{ home: empty, other: holding(true) }, 0],
    ] as const) {
      doubts.length = 0;
      const run = aResumedRun(null, () => queues.home === gone, { queues, knowsRun: false });
      const { queueClient, world, other, progressIn, end } = run;
      const waiting = queueClient.dispatch(aTaskOf(1), { ...sentBefore, recordDoubt });
      await world.clock.advance(3_000);
      expect(await progressIn(other)).toEqual([{ state: 'in-doubt', attempts: 0 }]);
      expect(doubts).toHaveLength(count);
      await world.results.push(aResult(1));
      await world.clock.advance(1_000);
      expect(await waiting).toMatchObject({ possiblyCharged: count === 1 });
      await end();
    }
  });

  it('queues a task that its queue has lost in the region that is chosen now, and updates the state', async () => {
    const lost = { ...empty, knowsRun: async () => false };
    const run = aResumedRun('the place of other', () => false, { queues: { home: lost, other: lost } });
    const { queueClient, world, home, taken, told, progressIn, end } = run;
    const waiting = queueClient.dispatch(aTaskOf(1), sentBefore);
    await world.clock.advance(11_000);
    expect(await progressIn(home)).toEqual([]);
    await world.clock.advance(5_000);
    expect(taken).toEqual([{ id: queueIdOf(aTaskOf(1)), from: 'the place of other', to: 'the place of home' }]);
    expect(await progressIn(home)).toEqual([{ state: 'in-doubt', attempts: 0 }]);
    expect(told).toContain('home: 1 lost tasks requeued and marked possibly charged');
    await world.results.push(aResult(1));
    await world.clock.advance(1_000);
    expect(await waiting).toMatchObject({ possiblyCharged: true });
    await end();
  });

  it("does not treat a task in another region's queue as lost", async () => {
    const queues = { home: empty, other: holding(true) };
    const { queueClient, world, taken, told, end } = aResumedRun('the place of other', () => false, { queues });
    void queueClient.dispatch(aTaskOf(1), sentBefore);
    await world.clock.advance(20_000);
    expect([taken, told]).toEqual([[], []]);
    await end();
  });

  it('does not wait for dead-lettered tasks, and tells how to requeue them', async () => {
    const world = new FleetWorld();
    const { queueClient, end } = aDispatcher(world);
    const waiting = queueClient.dispatch(aTaskOf(1));
    await world.clock.advance(100);
    const [lease] = await new MemoryTaskQueue(world.tasks).receive(1, 0, new AbortController().signal);
    await lease!.deadLetter('it kills');
    await world.clock.advance(20_000);
    const result = (await waiting) as TaskResult;
    expect(result.outcome).toMatchObject({ status: 'failed', reason: 'attempts-exhausted' });
    expect(result.outcome).toMatchObject({
      message: `dead letter in home (it kills); to requeue it: captcha queue requeue home ${queueIdOf(aTaskOf(1))}`,
    });
    await end();
  });

  it('gives up a task that its queue will never take, and sends the others', async () => {
    const world = new FleetWorld();
    const queue = new MemoryTaskQueue(world.tasks);
    const send = queue.send.bind(queue);
    const large = aTaskOf(2);
    const error = new TaskRefusedError('sqs://q does not take the task: too large');
    queue.send = async (tasks) => {
      const { fresh } = await send(tasks.filter(({ key }) => key !== large.key));
      return { fresh, failed: new Map(tasks.some(({ key }) => key === large.key) ? [[queueIdOf(large), error]] : []) };
    };
    const { queueClient, end, away } = aDispatcher(world, { queues: new Map([['home', queue]]) });
    const waiting = [1, 2, 3].map((row) => queueClient.dispatch(aTaskOf(row)));
    startWorker(world);
    await world.clock.advance(60_000);
    const results = await Promise.all(waiting);
    expect(results.map((result) => result?.outcome.status)).toEqual(['solved', 'failed', 'solved']);
    expect(results[1]).toMatchObject({
      attemptCount: 0,
      possiblyCharged: false,
      outcome: { reason: 'rejected', message: error.message },
    });
    expect(away).toEqual([]);
    await end();
  });

  it('is not disturbed by dead letters that cannot be read', async () => {
    const world = new FleetWorld();
    const queue = new MemoryTaskQueue(world.tasks);
    queue.depth = async () => ({ ...world.tasks.depth(), dead: 1 });
    queue.findDead = async () => [{ id: 'x', queued: null, reason: 'the message is not a task', deliveries: 1 }];
    const { queueClient, end, told } = aDispatcher(world, { queues: new Map([['home', queue]]) });
    const waiting = queueClient.dispatch(aTaskOf(1));
    await world.clock.advance(60_000);
    startWorker(world);
    await world.clock.advance(60_000);
    expect((await waiting)?.outcome.status).toBe('solved');
    expect(told).toEqual([]);
    await end();
  });

  it('ignores a dead letter of another run with the same key', async () => {
    const world = new FleetWorld();
    const queue = new MemoryTaskQueue(world.tasks);
    await queue.send([{ ...aTaskOf(1), run: 'run-b' }]);
    const [other] = await queue.receive(1, 0, new AbortController().signal);
    await other!.deadLetter('it kills');
    const { queueClient, end } = aDispatcher(world);
    const waiting = queueClient.dispatch(aTaskOf(1));
    await world.clock.advance(20_000);
    startWorker(world);
    await world.clock.advance(60_000);
    expect(await waiting).toMatchObject({ run: 'run-a', outcome: { status: 'solved' } });
    await end();
  });
});
