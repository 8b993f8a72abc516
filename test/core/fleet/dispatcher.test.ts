import { describe, expect, it } from 'vitest';
import { MemoryTaskQueue } from '../../../src/adapters/memory/memory-task-queue.ts';
import { MemoryTasks } from '../../../src/adapters/memory/memory-tasks.ts';
import { Dispatcher, type DispatcherDeps, type RoutedTask } from '../../../src/core/fleet/dispatcher.ts';
import { queueIdOf } from '../../../src/domain/queued-task.ts';
import { QueueUnavailable } from '../../../src/domain/queue-unavailable.ts';
import type { TaskResult } from '../../../src/domain/task-result.ts';
import type { TaskQueue } from '../../../src/ports/task-queue.ts';
import { aQueuedTask, aWorker, FleetWorld } from '../../support/fleet-rig.ts';
import { ScriptedApi } from '../../support/scripted-api.ts';
import { wellBehaved } from '../../support/solver-rig.ts';

const aTaskOf = (row: number): RoutedTask => ({ ...aQueuedTask(row), homeRegion: 'home' });

function aDispatcher(world: FleetWorld, special: Partial<DispatcherDeps> = {}) {
  const stop = new AbortController();
  const told: string[] = [];
  const away: (readonly [string | null, string | null])[] = [];
  const dispatcher = new Dispatcher('run-a', {
    queues: new Map([['home', new MemoryTaskQueue(world.tasks)]]),
    results: world.results,
    place: ({ home }) => ({ region: home, reason: '' }),
    clock: world.clock,
    isResumed: false,
    onAway: (region, message) => {
      if (message !== null) away.push([region, message]);
    },
    tell: (message) => told.push(message),
    ...special,
  });
  const collecting = dispatcher.collect(stop.signal, async () => undefined);
  const end = async (): Promise<void> => {
    stop.abort();
    await world.clock.run();
    await collecting;
    await dispatcher.close();
  };
  return { dispatcher, stop, away, told, end };
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
    const { dispatcher, end } = aDispatcher(world);
    const waiting = [1, 2, 3].map((row) => dispatcher.dispatch(aTaskOf(row)));
    startWorker(world);
    await world.clock.advance(60_000);
    const results = await Promise.all(waiting);
    expect(results.map((result) => result?.outcome.taskId)).toEqual(['t1', 't2', 't3']);
    for (const row of [1, 2, 3]) dispatcher.settle(aTaskOf(row).key);
    await end();
    expect(await world.results.depth()).toEqual({ waiting: 0, inFlight: 0 });
  });

  it('leaves a result in its queue until its row is written, for the next process of the run', async () => {
    const world = new FleetWorld();
    const first = aDispatcher(world);
    const waiting = first.dispatcher.dispatch(aTaskOf(1));
    startWorker(world);
    await world.clock.advance(60_000);
    expect(await waiting).not.toBeNull();
    await first.end();
    const second = aDispatcher(world);
    await world.clock.advance(1_000);
    expect((await second.dispatcher.dispatch(aTaskOf(1)))?.outcome.status).toBe('solved');
    expect(world.tasks.depth()).toMatchObject({ waiting: 0, inFlight: 0 });
    await second.end();
  });

  it('gives up on a task whose result somebody else has read, and says that it may have been paid for', async () => {
    const world = new FleetWorld();
    const first = aDispatcher(world);
    void first.dispatcher.dispatch(aTaskOf(1));
    await world.clock.advance(100);
    await first.end();
    startWorker(world);
    await world.clock.advance(60_000);
    const anybody = world.results.reader(null);
    const [read] = await anybody.receive(1, 0, new AbortController().signal);
    await read?.ack();
    await anybody.close();
    const second = aDispatcher(world);
    const waiting = second.dispatcher.dispatch(aTaskOf(1));
    startWorker(world);
    await world.clock.advance(60_000);
    expect(await waiting).toMatchObject({
      possiblyCharged: true,
      outcome: { status: 'failed', reason: 'in-doubt', message: expect.stringContaining('captcha results') as string },
    });
    await second.end();
  });

  it('finds the tasks of an earlier process where they are, and neither sends nor pays twice', async () => {
    const world = new FleetWorld();
    const first = aDispatcher(world);
    void first.dispatcher.dispatch(aTaskOf(1));
    await world.clock.advance(100);
    await first.end();
    const second = aDispatcher(world);
    const again = second.dispatcher.dispatch(aTaskOf(1));
    const api = startWorker(world);
    await world.clock.advance(60_000);
    expect(await again).toMatchObject({ outcome: { status: 'solved' }, possiblyCharged: false });
    expect(api.submissions).toHaveLength(1);
    await second.end();
  });

  it('answers null for what has no result when it ends', async () => {
    const world = new FleetWorld();
    const { dispatcher, end } = aDispatcher(world);
    const waiting = dispatcher.dispatch(aTaskOf(1));
    await world.clock.advance(1_000);
    await end();
    expect(await waiting).toBeNull();
    expect(world.tasks.depth()).toMatchObject({ waiting: 1 });
  });

  it('sends a task elsewhere whose queue is away, and marks that it may be in both', async () => {
    const world = new FleetWorld();
    const other = new MemoryTasks({ clock: world.clock });
    const gone = Object.assign(Object.create(new MemoryTaskQueue(world.tasks)) as TaskQueue, {
      send: () => Promise.reject(new QueueUnavailable('redis://home: gone')),
    });
    const queues = new Map<string, TaskQueue>([
      ['home', gone],
      ['other', new MemoryTaskQueue(other)],
    ]);
    const place = () => ({ region: world.clock.nowMs() < 2_500 ? 'home' : 'other', reason: '' });
    const { dispatcher, away, end } = aDispatcher(world, { queues, place });
    void dispatcher.dispatch(aTaskOf(1));
    await world.clock.advance(5_000);
    expect(away).toEqual(Array.from({ length: 3 }, () => ['home', 'redis://home: gone']));
    const [lease] = await new MemoryTaskQueue(other).receive(1, 0, new AbortController().signal);
    expect(lease!.queued.progress).toEqual({ state: 'in-doubt', attempts: 0 });
    await end();
  });

  it('waits for nobody who was set aside, and says how he is queued again', async () => {
    const world = new FleetWorld();
    const { dispatcher, end } = aDispatcher(world);
    const waiting = dispatcher.dispatch(aTaskOf(1));
    await world.clock.advance(100);
    const [lease] = await new MemoryTaskQueue(world.tasks).receive(1, 0, new AbortController().signal);
    await lease!.deadLetter('it kills');
    await world.clock.advance(20_000);
    const result = (await waiting) as TaskResult;
    expect(result.outcome).toMatchObject({ status: 'failed', reason: 'attempts-exhausted' });
    expect(result.outcome).toMatchObject({
      message: `set aside in home (it kills); captcha queue requeue home ${queueIdOf(aTaskOf(1))} queues it again`,
    });
    await end();
  });
});
