import { startFauxqs } from 'fauxqs';
import { Redis } from 'ioredis';
import { BullTaskQueue } from '../../../src/adapters/queues/bullmq/bullmq-task-queue.ts';
import { RedisResultQueue } from '../../../src/adapters/redis/redis-result-queue.ts';
import { MemoryResultQueue } from '../../../src/adapters/queues/memory/memory-result-queue.ts';
import { MemoryTaskQueue } from '../../../src/adapters/queues/memory/memory-task-queue.ts';
import { MemoryTasks } from '../../../src/adapters/queues/memory/memory-tasks.ts';
import { SqsQueue } from '../../../src/adapters/queues/sqs/sqs-queue.ts';
import { SqsResultQueue } from '../../../src/adapters/queues/sqs/sqs-result-queue.ts';
import { SqsTaskQueue } from '../../../src/adapters/queues/sqs/sqs-task-queue.ts';
import { parseSqsUrl } from '../../../src/domain/sqs-url.ts';
import { RedisFleetState } from '../../../src/adapters/redis/fleet-state.ts';
import { systemClock } from '../../../src/adapters/system/system-clock.ts';
import { queueIdOf, type TaskAddress } from '../../../src/domain/queued-task.ts';
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
  /** Puts a message into the tasks of a region as another program might; null for an engine without messages. */
  readonly inject: ((region: string, text: string) => Promise<void>) | null;
  /** Puts a dead letter there, as an operator or the engine might; null where only workers can. */
  readonly injectDead: ((region: string, texts: readonly string[]) => Promise<void>) | null;
  /** Replaces the text of the waiting result of a task, or adds it; null for an engine without messages. */
  readonly injectResult: ((address: TaskAddress, text: string) => Promise<void>) | null;
  /** The notices to the user so far. */
  readonly notices: string[];
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
    ...{ inject: null, injectDead: null, injectResult: null, notices: [] },
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

/** Writes into Redis what other programs, or other versions, could write. */
function intruder(server: RedisServer) {
  let count = 0;
  const use = async (db: number, work: (client: Redis) => Promise<unknown>): Promise<void> => {
    const client = new Redis(server.url(db));
    await work(client);
    client.disconnect();
  };
  const idOf = (text: string): string => {
    try {
      return queueIdOf(JSON.parse(text) as TaskAddress);
    } catch {
      return `foreign-${(count += 1)}`;
    }
  };
  return {
    inject: (region: string, text: string) =>
      use(0, async (client) => {
        const [prefix, id] = [`{captcha:${region}}:tasks:`, idOf(text)];
        await client.hset(`${prefix}${id}`, { name: 'solve', data: text, opts: '{}', timestamp: String(Date.now()) });
        await client.lpush(`${prefix}wait`, id);
      }),
    injectDead: (region: string, texts: readonly string[]) =>
      use(0, async (client) => {
        const prefix = `{captcha:${region}}:tasks:`;
        for (const text of texts) {
          const id = idOf(text);
          await client.hset(`${prefix}${id}`, { name: 'solve', data: text, opts: '{}', timestamp: '1', ats: '3' });
          await client.zadd(`${prefix}failed`, Date.now(), id);
        }
      }),
    injectResult: ({ run, key }: TaskAddress, text: string) =>
      use(9, async (client) => {
        const prefix = `{captcha:results:${run}}`;
        if ((await client.hset(`${prefix}:results`, key, text)) === 0) return;
        await client.rpush(`${prefix}:waiting`, key);
        await client.sadd(`${prefix}:finished`, key);
        await client.zadd('captcha:results', Date.now(), run);
      }),
  };
}

async function bullBench(): Promise<QueueBench> {
  const server = await RedisServer.start();
  // A queue also has to be connected within `stalledMs`, while other tests keep the process busy.
  const notices: string[] = [];
  const notify = (message: string): void => void notices.push(message);
  const timing = { leaseMs: 30_000, stalledMs: 1_500, maxHoldMs: hour };
  const brief = { ...timing, leaseMs: 2_000 };
  const state = new RedisFleetState(server.url(8));
  return {
    tasks: (region, { clock = systemClock, hasBriefLeases = false } = {}) => {
      const place = { url: server.url(), region, timing: hasBriefLeases ? brief : timing };
      return new BullTaskQueue(place, { clock, state, notify });
    },
    results: (clock = systemClock) => new RedisResultQueue({ url: server.url(9), leaseMs: 1_200 }, { clock, notify }),
    expire: () => systemClock.sleep(6_500),
    ...intruder(server),
    notices,
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
  const notices: string[] = [];
  const notify = (message: string): void => void notices.push(message);
  const put = (name: string, text: string): Promise<void> =>
    new SqsQueue(address(name), { clock: systemClock }).send(text);
  return {
    tasks: (region, { clock = systemClock, hasBriefLeases = false } = {}) =>
      new SqsTaskQueue(address(`tasks-${region}`), hasBriefLeases ? brief : timing, { clock, state, notify }),
    results: (clock = systemClock) => new SqsResultQueue(address('results'), brief, { clock, state, notify }),
    expire: () => systemClock.sleep(2_200),
    inject: (region, text) => put(`tasks-${region}`, text),
    injectDead: async (region, texts) => {
      address(`tasks-${region}`);
      const dead = new SqsQueue(
        { ...address(`tasks-${region}`), name: `tasks-${region}-dead` },
        { clock: systemClock },
      );
      await Promise.all(texts.map((text) => dead.send(text)));
    },
    injectResult: (_address, text) => put('results', text),
    notices,
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
