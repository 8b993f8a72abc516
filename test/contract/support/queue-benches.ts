import { startFauxqs } from 'fauxqs';
import { Redis } from 'ioredis';
import { BullTaskQueue } from '../../../src/adapters/queues/bullmq/bullmq-task-queue.ts';
import { RedisResultQueue } from '../../../src/adapters/redis/redis-result-queue.ts';
import { MemoryResultQueue } from '../../../src/adapters/queues/memory/memory-result-queue.ts';
import { MemoryTaskQueue } from '../../../src/adapters/queues/memory/memory-task-queue.ts';
import { MemoryTasks } from '../../../src/adapters/queues/memory/memory-tasks.ts';
import { SqsResultQueue } from '../../../src/adapters/queues/sqs/sqs-result-queue.ts';
import { SqsTaskQueue } from '../../../src/adapters/queues/sqs/sqs-task-queue.ts';
import { parseSqsUrl } from '../../../src/adapters/queues/sqs/sqs-url.ts';
import { RedisFleetState } from '../../../src/adapters/redis/fleet-state.ts';
import { systemClock } from '../../../src/adapters/system/system-clock.ts';
import { queueIdOf } from '../../../src/domain/queued-task.ts';
import type { FleetState, ResultQueue, TaskLease, TaskQueue } from '../../../src/ports/queues.ts';
import type { Clock } from '../../../src/ports/system.ts';
import { hasRedis, RedisServer } from './redis-server.ts';

/** An engine with separate queues for every test. */
export interface QueueBench {
  /**
   * One process's handle to the tasks of a region. One whose leases are brief is for a holder that is to lose
   * them: others keep theirs on a busy machine, too.
   */
  tasks(region: string, special?: { readonly clock?: Clock; readonly hasBriefLeases?: boolean }): TaskQueue;
  results(clock?: Clock): ResultQueue;
  /** Lets a lease expire; its holder's clock is frozen and does not renew it. */
  expire(region: string, lease: TaskLease): Promise<void>;
  /** Engines that remember ids send no task twice, and drop the second result of a task. */
  readonly remembers: boolean;
  /** Engines that know the queue of each task work on one of its copies only. */
  readonly knowsPlaces: boolean;
  /** Deletes all data in Redis; null for engines without Redis. */
  readonly loseData: (() => Promise<void>) | null;
  /** Maximum time until a lease without renewals belongs to another holder. */
  readonly leaseMs: number;
  stop(): Promise<void>;
}

export type BenchOpener = () => Promise<QueueBench>;

const hour = 3_600_000;

async function memoryBench(): Promise<QueueBench> {
  const regions = new Map<string, MemoryTasks>();
  const results = new MemoryResultQueue({ clock: systemClock });
  const tasksOf = (region: string): MemoryTasks => {
    const tasks = regions.get(region) ?? new MemoryTasks({ clock: systemClock });
    regions.set(region, tasks);
    return tasks;
  };
  return {
    tasks: (region) => new MemoryTaskQueue(tasksOf(region)),
    results: () => results,
    expire: async (region, lease) => tasksOf(region).expire(queueIdOf(lease.queued)),
    remembers: true,
    knowsPlaces: false,
    loseData: null,
    leaseMs: 0,
    stop: async () => undefined,
  };
}

async function flush(server: RedisServer): Promise<void> {
  const client = new Redis(server.url());
  await client.flushall();
  client.disconnect();
}

async function bullBench(): Promise<QueueBench> {
  const server = await RedisServer.start();
  // A queue also has to be connected within `stalledMs`, while other tests keep the process busy.
  const timing = { leaseMs: 30_000, stalledMs: 1_500, maxHoldMs: hour };
  const brief = { ...timing, leaseMs: 2_000 };
  const state = new RedisFleetState(server.url(8));
  return {
    tasks: (region, { clock = systemClock, hasBriefLeases = false } = {}) => {
      const place = { url: server.url(), region, timing: hasBriefLeases ? brief : timing };
      return new BullTaskQueue(place, { clock, state });
    },
    results: (clock = systemClock) => new RedisResultQueue({ url: server.url(9), leaseMs: 1_200 }, { clock }),
    expire: () => systemClock.sleep(6_500),
    remembers: true,
    knowsPlaces: true,
    loseData: () => flush(server),
    leaseMs: 9_000,
    stop: async () => {
      await state.close();
      await server.stop();
    },
  };
}

process.env['AWS_ACCESS_KEY_ID'] ??= 'test';
process.env['AWS_SECRET_ACCESS_KEY'] ??= 'test';

async function sqsBench(
  openState: (() => Promise<{ state: FleetState; lose: () => Promise<void>; stop(): Promise<void> }>) | null,
): Promise<QueueBench> {
  const server = await startFauxqs({ port: 0, logger: false });
  const kept = openState === null ? null : await openState();
  const known = new Set<string>();
  const address = (name: string) => {
    if (!known.has(name)) {
      known.add(name);
      const { queueArn } = server.createQueue(`${name}-dead`);
      const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: queueArn, maxReceiveCount: 100 });
      server.createQueue(name, { attributes: { RedrivePolicy } });
    }
    return parseSqsUrl(`sqs://${name}?region=us-east-1&endpoint=http://127.0.0.1:${server.port}`, null, {});
  };
  const timing = { visibilityMs: 30_000, maxHoldMs: hour };
  const brief = { ...timing, visibilityMs: 2_000 };
  const state = kept?.state ?? null;
  return {
    tasks: (region, { clock = systemClock, hasBriefLeases = false } = {}) =>
      new SqsTaskQueue(address(`tasks-${region}`), hasBriefLeases ? brief : timing, { clock, state }),
    results: (clock = systemClock) => new SqsResultQueue(address('results'), brief, { clock, state }),
    expire: () => systemClock.sleep(2_200),
    remembers: state !== null,
    knowsPlaces: state !== null,
    loseData: kept?.lose ?? null,
    leaseMs: 5_000,
    stop: async () => {
      await kept?.stop();
      await server.stop();
    },
  };
}

async function redisState() {
  const server = await RedisServer.start();
  const state = new RedisFleetState(server.url(8));
  const stop = async (): Promise<void> => {
    await state.close();
    await server.stop();
  };
  return { state, lose: () => flush(server), stop };
}

const onRedis: [string, BenchOpener][] = [
  ['BullMQ', bullBench],
  ['SQS with a side store', () => sqsBench(redisState)],
];

/** All engines that this machine can run. */
export const benches: [string, BenchOpener][] = [
  ['memory', memoryBench],
  ['SQS with nothing beside it', () => sqsBench(null)],
  ...(hasRedis ? onRedis : []),
];
