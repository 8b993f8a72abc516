import { describe, expect, it } from 'vitest';
import { MemoryTaskQueue } from '../../../src/adapters/queues/memory/memory-task-queue.ts';
import { MemoryTasks } from '../../../src/adapters/queues/memory/memory-tasks.ts';
import { seededRandom } from '../../../src/adapters/virtual/seeded-random.ts';
import { VirtualClock } from '../../../src/adapters/virtual/virtual-clock.ts';
import { FleetFailover } from '../../../src/core/fleet/fleet-failover.ts';
import type { Moved } from '../../../src/core/fleet/move-tasks.ts';
import { FailoverRouter } from '../../../src/core/regions/failover-router.ts';
import type { HealthReport } from '../../../src/core/regions/probe-regions.ts';
import { QueueUnavailableError } from '../../../src/domain/errors.ts';
import { queueIdOf } from '../../../src/domain/queued-task.ts';
import type { Region, RegionStatus } from '../../../src/domain/region.ts';
import { aQueuedTask } from '../../support/fleet-harness.ts';

const signal = new AbortController().signal;

const aRegion = (name: string, residency: string | null = null): Region => ({
  ...{ name, location: null, health: `http://${name}/health`, queue: 'memory:', weight: 1, residency },
});

function aReport(statuses: Readonly<Record<string, RegionStatus>>): HealthReport {
  const regions = Object.entries(statuses).map(([region, status]) => ({
    ...{ region, status, latencyMs: 1, activeWorkers: 4, queueDepth: 0, since: 0, error: null },
  }));
  return { regions, api: { reachable: true, latencyMs: 1, error: null }, note: null };
}

/** Longer than a move takes. */
const betweenReportsMs = 60_000;

async function* reports(
  clock: VirtualClock,
  statuses: readonly Readonly<Record<string, RegionStatus>>[],
): AsyncGenerator<HealthReport> {
  for (const each of statuses) {
    yield aReport(each);
    await clock.sleep(betweenReportsMs);
  }
}

function aFailover(regions: readonly Region[]) {
  const clock = new VirtualClock();
  const random = seededRandom(1);
  const tasks = new Map(regions.map(({ name }) => [name, new MemoryTasks({ clock })]));
  const queues = new Map([...tasks].map(([name, each]) => [name, new MemoryTaskQueue(each)]));
  const router = new FailoverRouter({ strategy: 'spread', onAllDown: 'hold', rampMs: null }, { clock, random });
  const moves: { from: string; moved: Moved }[] = [];
  const failover = new FleetFailover({
    ...{ router, regions, queues },
    onMoved: (from, moved) => void moves.push({ from, moved }),
  });
  const follow = async (...statuses: readonly Readonly<Record<string, RegionStatus>>[]): Promise<void> => {
    const following = failover.follow(reports(clock, statuses), signal);
    await clock.run();
    await following;
  };
  return { clock, tasks, queues, failover, moves, follow };
}

describe('failover of a fleet', () => {
  it('routes tasks to their home region before the first report', () => {
    const { failover } = aFailover([aRegion('a'), aRegion('b')]);
    expect(failover.place({ home: 'a', strict: false }).region).toBe('a');
  });

  it('moves waiting tasks of a failed region with their progress, and moves nothing back when it recovers', async () => {
    const { queues, tasks, follow, moves, failover } = aFailover([aRegion('a'), aRegion('b')]);
    const progress = { state: 'submitted', attempts: 1, captchaId: 'c1', submittedAt: 0 } as const;
    await queues.get('a')!.send([aQueuedTask(1, { homeRegion: 'a', progress }), aQueuedTask(2, { homeRegion: 'a' })]);
    await follow({ a: 'unhealthy', b: 'healthy' }, { a: 'healthy', b: 'healthy' });
    expect(moves).toMatchObject([{ from: 'a', moved: { kept: 0 } }]);
    expect([...moves[0]!.moved.byRegion]).toEqual([['b', 2]]);
    expect(tasks.get('a')!.depth()).toMatchObject({ waiting: 0, inFlight: 0 });
    const leases = await queues.get('b')!.receive(10, 0, signal);
    expect(leases.map(({ queued }) => queued.progress)).toEqual([progress, { state: 'new' }]);
    expect(failover.place({ home: 'a', strict: false }).region).toBe('a');
  });

  it('receives tasks of a dead worker, which some engines count as held without a receiver', async () => {
    const { queues, follow, moves } = aFailover([aRegion('a'), aRegion('b')]);
    const queue = queues.get('a')!;
    await queue.send([aQueuedTask(1, { homeRegion: 'a' })]);
    queue.depth = () => Promise.resolve({ waiting: 0, inFlight: 1, oldestAgeMs: null, dead: 0 });
    await follow({ a: 'unhealthy', b: 'healthy' });
    expect(moves.map(({ moved }) => [...moved.byRegion])).toEqual([[['b', 1]]]);
  });

  it('does not move strict tasks, and takes them out only once', async () => {
    const { queues, follow, moves, tasks } = aFailover([aRegion('a'), aRegion('b')]);
    await queues.get('a')!.send([aQueuedTask(1, { homeRegion: 'a', strict: true })]);
    const down = { a: 'unhealthy', b: 'healthy' } as const;
    await follow(down, down, down);
    expect(moves).toEqual([]);
    expect(tasks.get('a')!.depth()).toMatchObject({ waiting: 1, inFlight: 0 });
    const [lease] = await queues.get('a')!.receive(1, 0, signal);
    expect(lease!.delivery).toBe(2);
  });

  it('moves tasks that it kept as soon as another region serves again', async () => {
    const { queues, follow, tasks } = aFailover([aRegion('a'), aRegion('b')]);
    await queues.get('a')!.send([aQueuedTask(1, { homeRegion: 'a' })]);
    const bothDown = { a: 'unhealthy', b: 'unhealthy' } as const;
    await follow(bothDown, bothDown, { a: 'unhealthy', b: 'healthy' });
    expect([tasks.get('a')!.depth().waiting, tasks.get('b')!.depth().waiting]).toEqual([0, 1]);
  });

  it('never leaves the residency group, and returns tasks to their home region', async () => {
    const { queues, follow, tasks } = aFailover([aRegion('a', 'eu'), aRegion('b', 'eu'), aRegion('c')]);
    await queues.get('a')!.send([aQueuedTask(1, { homeRegion: 'a' }), aQueuedTask(2, { homeRegion: 'c' })]);
    await follow({ a: 'unhealthy', b: 'healthy', c: 'healthy' });
    const [inB] = await queues.get('b')!.receive(10, 0, signal);
    const [inC] = await queues.get('c')!.receive(10, 0, signal);
    expect([inB, inC].map((lease) => queueIdOf(lease!.queued))).toEqual(
      [1, 2].map((row) => queueIdOf(aQueuedTask(row))),
    );
    expect(tasks.get('a')!.depth()).toMatchObject({ waiting: 0 });
  });

  it('holds all tasks if no region serves', async () => {
    const { queues, follow, tasks, failover } = aFailover([aRegion('a'), aRegion('b')]);
    await queues.get('a')!.send([aQueuedTask(1, { homeRegion: 'a' })]);
    await follow({ a: 'unhealthy', b: 'unhealthy' });
    expect(tasks.get('a')!.depth()).toMatchObject({ waiting: 1, inFlight: 0 });
    expect(failover.place({ home: 'a', strict: false })).toEqual({ region: null, reason: 'no healthy region' });
  });

  it('treats a region with an unreachable queue as unhealthy, until the queue is back', async () => {
    const { failover, follow, queues } = aFailover([aRegion('a'), aRegion('b')]);
    const queue = queues.get('a')!;
    const depth = queue.depth.bind(queue);
    queue.depth = () => Promise.reject(new QueueUnavailableError('redis://a: gone'));
    failover.noteQueue('a', 'redis://a: gone');
    await follow({ a: 'healthy', b: 'healthy' });
    expect(failover.place({ home: 'a', strict: false })).toEqual({ region: 'b', reason: 'a is unhealthy' });
    await follow({ a: 'unknown', b: 'healthy' }, { a: 'unknown', b: 'healthy' });
    expect(failover.place({ home: 'a', strict: false }).region).toBe('b');
    queue.depth = depth;
    await follow({ a: 'healthy', b: 'healthy' }, { a: 'healthy', b: 'healthy' });
    expect(failover.place({ home: 'a', strict: false }).region).toBe('a');
  });

  it('keeps an unhealthy region out when nothing is known of it any more', async () => {
    const { failover, follow } = aFailover([aRegion('a'), aRegion('b')]);
    await follow({ a: 'unhealthy', b: 'healthy' }, { a: 'unknown', b: 'healthy' });
    expect(failover.place({ home: 'a', strict: false })).toEqual({ region: 'b', reason: 'a is unhealthy' });
    await follow({ a: 'degraded', b: 'healthy' });
    expect(failover.place({ home: 'a', strict: false }).region).toBe('a');
  });

  it('takes reports while a large backlog is moved, and stops moving when the region serves again', async () => {
    const { clock, queues, failover, tasks } = aFailover([aRegion('a'), aRegion('b')]);
    const source = queues.get('a')!;
    await source.send(Array.from({ length: 300 }, (_, row) => aQueuedTask(row + 1, { homeRegion: 'a' })));
    const receive = source.receive.bind(source);
    // A minute for each hundred tasks.
    source.receive = async (...args) => {
      const leases = await receive(...args);
      await clock.sleep(60_000);
      return leases;
    };
    const seen: number[] = [];
    async function* watched(): AsyncGenerator<HealthReport> {
      for (let report = 1; report <= 9; report += 1) {
        seen.push(clock.nowMs());
        yield aReport({ a: report < 9 ? 'unhealthy' : 'healthy', b: 'healthy' });
        await clock.sleep(10_000);
      }
    }
    const following = failover.follow(watched(), signal);
    await clock.run();
    await following;
    expect(seen).toEqual(Array.from({ length: 9 }, (_, index) => index * 10_000));
    expect([tasks.get('a')!.depth().waiting, tasks.get('b')!.depth().waiting]).toEqual([200, 100]);
  });
});
