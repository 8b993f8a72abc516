import type { MemoryTasks } from '../adapters/queues/memory/memory-tasks.ts';
import { systemClock as clock } from '../adapters/system/system-clock.ts';
import type { FleetQueues } from '../cli/fleet/fleet-queues.ts';
import type { Config } from '../config/schema.ts';
import { parseSqsUrl } from '../domain/sqs-url.ts';
import { withTimeLimit } from '../domain/time-limit.ts';
import type { FleetState, ResultQueue, TaskQueue } from '../ports/queues.ts';
import { maxCarriedMs } from '../protocol/queue-messages.ts';

export interface QueueFactoryOptions {
  readonly env: NodeJS.ProcessEnv;
  /** The Redis that holds what queues cannot: `fleet.state`. Null without one: then that of the results, where they are in one. */
  readonly state: string | null;
  /** The central results; null without them. */
  readonly results: string | null;
  /** Shows a notice to the user. */
  readonly notify: (message: string) => void;
  /** The longest that a task may take; what is held for longer is given up. In ms. */
  readonly taskTimeoutMs: number;
}

/** BullMQ: a task whose worker died is with the next within 20 s. */
const bullTiming = { leaseMs: 10_000, stalledMs: 5_000 };
/** SQS: the renewals are paid for, so they are fewer. */
const sqsTiming = { visibilityMs: 18_000 };
const resultLeaseMs = 15_000;
/** What comes after the deadline: the result is pushed, the task acknowledged. */
const holdMarginMs = 60_000;
const isRedis = /^rediss?:/;

/** Opens queues by their URLs. What a URL does not ask for is not loaded. */
class QueueFactory {
  readonly #options: QueueFactoryOptions;
  readonly #memory = new Map<string, Promise<MemoryTasks>>();
  #memoryResults: Promise<ResultQueue> | null = null;
  #state: Promise<FleetState> | null = null;

  constructor(options: QueueFactoryOptions) {
    this.#options = options;
  }

  /** The tasks of a region. Throws `UsageError` for a URL that cannot be one. */
  async tasks(region: string, url: string): Promise<TaskQueue> {
    if (url.startsWith('memory:')) return this.#memoryTasks(region, url);
    if (url.startsWith('sqs:')) return this.#sqsTasks(region, url);
    const [{ BullTaskQueue }, state] = await Promise.all([
      import('../adapters/queues/bullmq/bullmq-task-queue.ts'),
      this.state(),
    ]);
    const timing = { ...bullTiming, maxHoldMs: this.#maxHoldMs };
    return new BullTaskQueue({ url, region, timing }, { clock, state, notify: this.#options.notify });
  }

  /** The central results. Throws `UsageError` for a URL that cannot be one. */
  async results(url: string): Promise<ResultQueue> {
    if (url.startsWith('memory:')) return this.#resultsInMemory();
    if (url.startsWith('sqs:')) return this.#sqsResults(url);
    const { RedisResultQueue } = await import('../adapters/redis/redis-result-queue.ts');
    return new RedisResultQueue({ url, leaseMs: resultLeaseMs }, { clock, notify: this.#options.notify });
  }

  /** The result store; null if there is none. It is closed with the container. */
  async state(): Promise<FleetState | null> {
    const { state, results } = this.#options;
    const url = state ?? (results !== null && isRedis.test(results) ? results : null);
    if (url === null) return null;
    this.#state ??= import('../adapters/redis/fleet-state.ts').then(({ RedisFleetState }) => new RedisFleetState(url));
    return this.#state;
  }

  /** Closes the connections that queues share. The code that opened a queue closes it. */
  async close(): Promise<void> {
    await (await this.#state)?.close();
  }

  get #maxHoldMs(): number {
    return Math.max(this.#options.taskTimeoutMs, maxCarriedMs) + holdMarginMs;
  }

  get #sqsTiming() {
    return { ...sqsTiming, maxHoldMs: this.#maxHoldMs };
  }

  async #memoryTasks(region: string, url: string): Promise<TaskQueue> {
    const [{ MemoryTaskQueue }, { MemoryTasks }] = await Promise.all([
      import('../adapters/queues/memory/memory-task-queue.ts'),
      import('../adapters/queues/memory/memory-tasks.ts'),
    ]);
    const place = `${url} ${region}`;
    const tasks = this.#memory.get(place) ?? Promise.resolve(new MemoryTasks({ clock }));
    this.#memory.set(place, tasks);
    return new MemoryTaskQueue(await tasks);
  }

  #resultsInMemory(): Promise<ResultQueue> {
    this.#memoryResults ??= import('../adapters/queues/memory/memory-result-queue.ts').then(
      ({ MemoryResultQueue }) => new MemoryResultQueue({ clock }),
    );
    return this.#memoryResults;
  }

  async #sqsTasks(region: string, url: string): Promise<TaskQueue> {
    this.#quietenSdk();
    const [{ SqsTaskQueue }, state] = await Promise.all([
      import('../adapters/queues/sqs/sqs-task-queue.ts'),
      this.state(),
    ]);
    const address = parseSqsUrl(url, region, this.#options.env);
    return new SqsTaskQueue(address, this.#sqsTiming, { clock, state, notify: this.#options.notify });
  }

  async #sqsResults(url: string): Promise<ResultQueue> {
    this.#quietenSdk();
    const [{ SqsResultQueue }, state] = await Promise.all([
      import('../adapters/queues/sqs/sqs-result-queue.ts'),
      this.state(),
    ]);
    const address = parseSqsUrl(url, null, this.#options.env);
    return new SqsResultQueue(address, this.#sqsTiming, { clock, state, notify: this.#options.notify });
  }

  /** The SDK is bundled: that its later versions want a later Node is nothing that a user could act on. */
  #quietenSdk(): void {
    this.#options.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  }
}

/** An engine that is away may never let go; nothing is lost with it, since every lease runs out by itself. */
const maxCloseMs = 3_000;

/** Opens the queues of a fleet, each when it is first asked for, and closes all of them. */
export function createFleetQueues(
  { solve, fleet, results }: Config,
  { env, notify }: Pick<QueueFactoryOptions, 'env' | 'notify'>,
): FleetQueues & { close(): Promise<void> } {
  const factory = new QueueFactory({ env, notify, state: fleet.state, results, taskTimeoutMs: solve.timeoutMs });
  const opened: { close(): Promise<void> }[] = [];
  const kept = <T extends { close(): Promise<void> }>(queue: T): T => {
    opened.push(queue);
    return queue;
  };
  return {
    tasks: async (region, url) => kept(await factory.tasks(region, url)),
    results: async (url) => kept(await factory.results(url)),
    state: () => factory.state(),
    close: async () => {
      await withTimeLimit(Promise.allSettled(opened.map((queue) => queue.close())), { ms: maxCloseMs }, clock);
      await withTimeLimit(
        factory.close().catch(() => undefined),
        { ms: maxCloseMs },
        clock,
      );
    },
  };
}
