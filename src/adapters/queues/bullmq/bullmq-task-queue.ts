import { randomUUID } from 'node:crypto';
import { type Job, Queue } from 'bullmq';
import { type QueuedTask, queueIdOf, type TaskAddress } from '../../../domain/queued-task.ts';
import { withTimeLimit } from '../../../domain/time-limit.ts';
import type { DeadTask, FleetState, QueueDepth, SendReport, TaskLease, TaskQueue } from '../../../ports/queues.ts';
import type { Clock } from '../../../ports/system.ts';
import { messageOf, readTaskMessage } from '../../../protocol/queue-messages.ts';
import { leavingReplicas, parseRedisUrl, type RedisAddress } from '../../redis/redis-client.ts';
import { ownLookup } from '../../redis/redis-connector.ts';
import { RedisErrors } from '../../redis/redis-errors.ts';
import { BullReceiver, type Timing } from './bullmq-receiver.ts';
import { type DeadJob, failedIds, findOpenJobs, oldestTimestamp, readDeadJobs, unknownJobs } from './bullmq-scripts.ts';

export interface BullTaskQueueOptions {
  readonly url: string;
  readonly region: string;
  readonly timing: Timing;
}

export interface BullTaskQueueDeps {
  readonly clock: Clock;
  /** The fleet state, which stores where tasks were started; its opener closes it. Null without one. */
  readonly state: FleetState | null;
  /** Shows a notice to the user. */
  readonly notify?: (message: string) => void;
}

type TaskQueueOfBull = Queue<QueuedTask, null>;

/** Retention: recently completed jobs for dashboards, and dead letters until they are handled. */
const keptJobs = {
  removeOnComplete: { count: 1_000, age: 3_600 },
  removeOnFail: { count: 100_000, age: 14 * 86_400 },
};
/** The event stream is only for dashboards; by default it holds 10,000 events. */
const streams = { events: { maxLen: 100 } };
/** The same time for which the results queue remembers finished tasks. */
const rememberedMs = 14 * 86_400_000;
const jobName = 'solve';
const bulkSize = 1_000;
const connectTimeoutMs = 5_000;
const commandTimeoutMs = 10_000;
const politeMs = 1_000;

/** Key prefix of a region. */
function prefixOf(region: string): string {
  return `{captcha:${encodeURIComponent(region)}}`;
}

/** Skips the check that warns about eviction policies on the console; `captcha doctor` reports them. */
function bullAddress(url: string): RedisAddress & typeof ownLookup & { readonly skipVersionCheck: true } {
  return { ...parseRedisUrl(url), ...ownLookup, skipVersionCheck: true };
}

function bulksOf<T extends TaskAddress>(tasks: readonly T[]): T[][] {
  const count = Math.ceil(tasks.length / bulkSize);
  return Array.from({ length: count }, (_, index) => tasks.slice(index * bulkSize, (index + 1) * bulkSize));
}

function deadTaskOf({ id, data, reason, deliveries }: DeadJob): DeadTask {
  const read = readTaskMessage(data);
  if ('value' in read) return { id, queued: read.value, reason, deliveries };
  return { id, queued: null, reason: reason === '' ? `the message ${read.error.reason}` : reason, deliveries };
}

const again = { resetAttemptsMade: true, resetAttemptsStarted: true };

/** False for a job that is no dead letter, or that BullMQ cannot read. */
async function requeueJob(queue: TaskQueueOfBull, id: string): Promise<boolean> {
  const job = await queue.getJob(id).catch((error: unknown): Job | undefined => {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  });
  if (job === undefined || !(await job.isFailed())) return false;
  await job.retry('failed', again);
  return true;
}

/** The tasks of one region in BullMQ. Dashboards for BullMQ show them as the queue `tasks`. */
export class BullTaskQueue implements TaskQueue {
  readonly #options: BullTaskQueueOptions;
  readonly #clock: Clock;
  readonly #state: FleetState | null;
  readonly #redisErrors: RedisErrors;
  readonly #notify: (message: string) => void;
  readonly #holder = randomUUID();
  #queue: TaskQueueOfBull | null = null;
  #isClosed = false;
  #receiver: BullReceiver | null = null;

  constructor(options: BullTaskQueueOptions, { clock, state, notify = () => undefined }: BullTaskQueueDeps) {
    this.#options = options;
    this.#notify = notify;
    this.#clock = clock;
    this.#state = state;
    this.#redisErrors = new RedisErrors(options.url);
  }

  get place(): string {
    return this.#options.region;
  }

  send(tasks: readonly QueuedTask[]): Promise<SendReport> {
    return this.#redisErrors.guard(async () => {
      const queue = await this.#open();
      const fresh = new Set<string>();
      for (const bulk of bulksOf(tasks)) for (const id of await this.#sendBulk(queue, bulk)) fresh.add(id);
      return { fresh, failed: new Map() };
    });
  }

  sendAgain(tasks: readonly QueuedTask[]): Promise<SendReport> {
    return this.#redisErrors.guard(async () => {
      const queue = await this.#open();
      await Promise.all(tasks.map((task) => this.#forgetDone(queue, queueIdOf(task))));
      return this.send(tasks);
    });
  }

  async bringBack(task: QueuedTask): Promise<boolean> {
    const place = (await this.#state?.placeOf(queueIdOf(task))) ?? this.place;
    return place === this.place && (await this.send([task])).fresh.size === 1;
  }

  noteRun(run: string): Promise<void> {
    return this.#redisErrors.guard(async () => {
      const queue = await this.#open();
      await (await queue.getBackend().client).runCommand('set', [queue.toKey(`run:${run}`), '1', 'PX', rememberedMs]);
    });
  }

  knowsRun(run: string): Promise<boolean> {
    return this.#redisErrors.guard(async () => {
      const queue = await this.#open();
      const client = await queue.getBackend().client;
      return Number(await client.runCommand('exists', [queue.toKey(`run:${run}`)])) === 1;
    });
  }

  holds(tasks: readonly TaskAddress[]): Promise<readonly boolean[]> {
    return this.#redisErrors.guard(async () => {
      const queue = await this.#open();
      const client = await queue.getBackend().client;
      const answers = bulksOf(tasks).map((bulk) => findOpenJobs(client, queue, bulk.map(queueIdOf)));
      return (await Promise.all(answers)).flat();
    });
  }

  receive(most: number, waitMs: number, signal: AbortSignal): Promise<readonly TaskLease[]> {
    const { url, region, timing } = this.#options;
    this.#receiver ??= new BullReceiver(
      { address: bullAddress(url), prefix: prefixOf(region), place: this.place, holder: this.#holder, timing },
      // An error state of its own: a worker waits for an unreachable Redis, other callers do not.
      { clock: this.#clock, state: this.#state, redisErrors: new RedisErrors(url), notify: this.#notify },
    );
    return this.#receiver.receive(most, waitMs, signal);
  }

  depth(): Promise<QueueDepth> {
    return this.#redisErrors.guard(async () => {
      const queue = await this.#open();
      const [counts, oldest] = await Promise.all([
        queue.getJobCounts('waiting', 'delayed', 'active', 'failed'),
        oldestTimestamp(await queue.getBackend().client, queue),
      ]);
      const { waiting = 0, delayed = 0, active: inFlight = 0, failed: dead = 0 } = counts;
      const oldestAgeMs = oldest === null ? null : Math.max(0, this.#clock.timestamp() - oldest);
      return { waiting: waiting + delayed, inFlight, oldestAgeMs, dead };
    });
  }

  async dead(most: number): Promise<readonly DeadTask[]> {
    return most <= 0 ? [] : (await this.#readDead(null, most)).map(deadTaskOf);
  }

  async findDead(ids: ReadonlySet<string>): Promise<readonly DeadTask[]> {
    return (await this.#readDead([...ids], ids.size)).map(deadTaskOf);
  }

  requeue(ids: readonly string[] | null): Promise<number> {
    return this.#redisErrors.guard(async () => {
      const queue = await this.#open();
      const all = ids ?? (await failedIds(await queue.getBackend().client, queue));
      let count = 0;
      for (let from = 0; from < all.length; from += bulkSize) {
        const dead = await this.#readDead(all.slice(from, from + bulkSize), bulkSize);
        const readable = dead.filter((job) => deadTaskOf(job).queued !== null);
        const requeued = await Promise.all(readable.map(({ id }) => requeueJob(queue, id)));
        count += requeued.filter(Boolean).length;
      }
      return count;
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const closing = Promise.all([this.#receiver?.close(), this.#queue?.close()]).then(() => true);
    // `close()` never resolves while Redis is unreachable.
    const isClosed = await withTimeLimit(closing, { ms: politeMs }, this.#clock).catch(() => null);
    if (isClosed === null) void this.#queue?.disconnect().catch(() => undefined);
  }

  async #sendBulk(queue: TaskQueueOfBull, tasks: readonly QueuedTask[]): Promise<readonly string[]> {
    const ids = [...new Set(tasks.map(queueIdOf))];
    const fresh = await unknownJobs(await queue.getBackend().client, queue, ids);
    await queue.addBulk(
      tasks.map((task) => ({
        name: jobName,
        data: messageOf(task),
        opts: { jobId: queueIdOf(task), timestamp: task.enqueuedAt },
      })),
    );
    return fresh;
  }

  async #forgetDone(queue: TaskQueueOfBull, id: string): Promise<void> {
    const job = await queue.getJob(id);
    if (job !== undefined && (await job.isCompleted())) await job.remove();
  }

  #readDead(ids: readonly string[] | null, most: number): Promise<readonly DeadJob[]> {
    return this.#redisErrors.guard(async () => {
      const queue = await this.#open();
      return readDeadJobs(await queue.getBackend().client, queue, { ids, most });
    });
  }

  /** The queue for commands. They fail at once while Redis is unreachable, instead of blocking the caller. */
  async #open(): Promise<TaskQueueOfBull> {
    // Further commands would keep the process alive.
    if (this.#isClosed) throw this.#redisErrors.unavailable('Connection is closed');
    this.#queue ??= this.#create();
    const queue = this.#queue;
    const isReady = this.#redisErrors.guard(() => queue.waitUntilReady().then(() => true));
    const isOpen = (await withTimeLimit(isReady, { ms: connectTimeoutMs }, this.#clock)) === true;
    if (isOpen && !this.#redisErrors.isElsewhere) return queue;
    throw this.#redisErrors.unavailable(`Connection is closed: no answer within ${connectTimeoutMs} ms`);
  }

  #create(): TaskQueueOfBull {
    const queue = new Queue<QueuedTask, null>('tasks', {
      connection: {
        ...bullAddress(this.#options.url),
        ...leavingReplicas(),
        enableOfflineQueue: false,
        commandTimeout: commandTimeoutMs,
        connectTimeout: connectTimeoutMs,
      },
      prefix: prefixOf(this.#options.region),
      streams,
      defaultJobOptions: { ...keptJobs, attempts: 1 },
    });
    queue.on('error', (error) => this.#redisErrors.note(error));
    queue.on('ioredis:close', () => this.#redisErrors.lose());
    return queue;
  }
}
