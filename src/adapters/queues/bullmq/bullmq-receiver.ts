import { randomUUID } from 'node:crypto';
import { type IRedisClient, Worker } from 'bullmq';
import { Batcher } from '../../../domain/batcher.ts';
import { type QueuedTask, queueIdOf } from '../../../domain/queued-task.ts';
import { withTimeLimit } from '../../../domain/time-limit.ts';
import type { FleetState } from '../../../ports/queues.ts';
import type { Clock } from '../../../ports/system.ts';
import { type MessageProblem, readTaskMessage } from '../../../protocol/queue-messages.ts';
import { reconnecting, type RedisAddress } from '../../redis/redis-client.ts';
import type { RedisErrors } from '../../redis/redis-errors.ts';
import { BullLease, type BullLeaseDeps, type TaskJob } from './bullmq-lease.ts';
import { nameOfData, saveJobData, setAsideJob, uncountDelivery } from './bullmq-scripts.ts';

/** Timings of leases, in ms. */
export interface Timing {
  /** A lease without a renewal for this time is lost. */
  readonly leaseMs: number;
  /** Interval between two checks for tasks with lost leases. */
  readonly stalledMs: number;
  /** Maximum time that a lease is renewed: a hanging worker must not keep its task forever. */
  readonly maxHoldMs: number;
}

export interface BullReceiverOptions {
  readonly address: RedisAddress;
  readonly prefix: string;
  /** This queue's name in `state`. */
  readonly place: string;
  readonly holder: string;
  readonly timing: Timing;
}

interface Deps {
  readonly clock: Clock;
  /** The fleet state, which stores where tasks were started. Null without one. */
  readonly state: FleetState | null;
  readonly redisErrors: RedisErrors;
  /** Shows a notice to the user. */
  readonly notify: (message: string) => void;
}

/** Time until a message of a newer version is looked at again, in ms. */
const newerDelayMs = 30_000;

/**
 * Polling costs one command. BullMQ's blocking wait cannot be cancelled, and has kept sleeping after Redis came back.
 */
const lookEveryMs = 200;
/**
 * Effectively unlimited: the worker dead-letters a task that crashes its workers, with a reason; BullMQ must not fail
 * it.
 */
const maxStalledCount = 1_000_000;
const renewalsPerLease = 3;

/** Takes jobs by polling, up to a limit, and renews the locks of held jobs. */
export class BullReceiver {
  readonly #options: BullReceiverOptions;
  readonly #deps: Deps;
  readonly #worker: Worker<QueuedTask, null>;
  readonly #held = new Map<BullLease, { readonly untilMs: number }>();
  readonly #closing = new AbortController();
  readonly #leaseDeps: Omit<BullLeaseDeps, 'hasLostData'>;
  /** Name of the queue's current data; it changes when the data is lost. Null before the first check. */
  #data: string | null = null;
  /** Notices about newer versions, each given once. */
  readonly #told = new Set<string>();
  #tokenCount = 0;
  #isRenewing = false;

  constructor(options: BullReceiverOptions, deps: Deps) {
    this.#options = options;
    this.#deps = deps;
    const { address, prefix, place, holder, timing } = options;
    this.#worker = new Worker<QueuedTask, null>('tasks', null, {
      connection: { ...address, ...reconnecting() },
      prefix,
      name: holder,
      autorun: false,
      lockDuration: timing.leaseMs,
      stalledInterval: timing.stalledMs,
      maxStalledCount,
    });
    this.#worker.on('error', (error) => deps.redisErrors.note(error));
    this.#leaseDeps = {
      saves: new Batcher({
        send: async (saves) => saveJobData(await this.#worker.getBackend().client, this.#worker, saves),
        schedule: (flush) => void setImmediate(() => void flush()),
      }),
      holder,
      ...{ state: deps.state, place, redisErrors: deps.redisErrors },
      uncount: async (delivery) => uncountDelivery(await this.#worker.getBackend().client, this.#worker, delivery),
      onEnd: (lease) => void this.#held.delete(lease),
    };
    void this.#worker.startStalledCheckTimer();
  }

  async receive(most: number, waitMs: number, signal: AbortSignal): Promise<readonly BullLease[]> {
    const { clock, redisErrors } = this.#deps;
    const untilMs = clock.nowMs() + waitMs;
    while (!signal.aborted && most > 0) {
      const fetching = this.#fetch(most);
      const guarded = redisErrors.guard(() => fetching);
      // If the connection was lost, the commands already given run when Redis is back.
      guarded.catch(() => fetching.then(handBack, () => undefined));
      const leases = await withTimeLimit(guarded, { ms: this.#options.timing.leaseMs, signal }, clock);
      if (leases === null) {
        void fetching.then(handBack, () => undefined);
        // The compiler does not know that the signal can abort during the await.
        if (!(signal.aborted as boolean)) throw redisErrors.unavailable('Connection is closed');
        return [];
      }
      const leftMs = untilMs - clock.nowMs();
      if (leases.length > 0 || leftMs <= 0) return leases;
      await clock.sleep(Math.min(lookEveryMs, leftMs), signal);
    }
    return [];
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#held.clear();
    await this.#worker.close(true);
  }

  /** Takes jobs in waves of doubling size: an empty queue costs one request, a full one a few round trips. */
  async #fetch(most: number): Promise<readonly BullLease[]> {
    const client = await this.#connected();
    this.#data ??= await this.#nameOfData();
    const leases: BullLease[] = [];
    for (let size = 1; leases.length < most; size *= 2) {
      const count = Math.min(size, most - leases.length);
      const begun = await this.#takeWave(count).catch((error: unknown) => this.#unlessSome(leases, error));
      leases.push(...begun);
      if (begun.length < count || client.status !== 'ready') break;
    }
    return leases;
  }

  /**
   * Starts the leased tasks and returns those that belong to this queue. If the state is unreachable, they go back, uncounted:
   * this may be the last call of a receiver, and a held task is renewed.
   */
  async #begin(leases: readonly BullLease[]): Promise<readonly BullLease[]> {
    const held = leases.filter(({ lost, forgotten }) => !lost.aborted && !forgotten.aborted);
    const answers = await Promise.allSettled(held.map((lease) => lease.begin()));
    const begun = held.filter((_, index) => {
      const answer = answers[index];
      return answer?.status === 'fulfilled' && answer.value;
    });
    const unknown = held.filter((_, index) => answers[index]?.status === 'rejected');
    await Promise.allSettled(unknown.map((lease) => lease.releaseUncounted()));
    const failed = answers.find((answer) => answer.status === 'rejected');
    if (failed !== undefined && begun.length === 0) throw failed.reason;
    return begun;
  }

  /**
   * Takes and starts up to `count` jobs at once. Throws only if none was taken: a taken job is renewed from then on, so
   * it must reach its worker even if Redis refused the other commands.
   */
  async #takeWave(count: number): Promise<readonly BullLease[]> {
    const answers = await Promise.allSettled(Array.from({ length: count }, () => this.#take()));
    const taken = answers.flatMap((each) => (each.status === 'fulfilled' && each.value !== null ? [each.value] : []));
    const failed = answers.find((each) => each.status === 'rejected');
    if (failed !== undefined && taken.length === 0) throw failed.reason;
    return this.#begin(taken);
  }

  /** Delivers the tasks started so far; the next call will report the error. */
  #unlessSome(leases: readonly BullLease[], error: unknown): readonly BullLease[] {
    if (leases.length === 0) throw error;
    return [];
  }

  async #connected(): Promise<IRedisClient> {
    const { clock, redisErrors } = this.#deps;
    const client = await withTimeLimit(this.#worker.getBackend().client, { ms: this.#options.timing.stalledMs }, clock);
    if (client?.status !== 'ready' || redisErrors.isElsewhere) throw redisErrors.unavailable('Connection is closed');
    return client;
  }

  /** The next job that is a task of this version; null if none waits. */
  async #take(): Promise<BullLease | null> {
    const { holder, timing } = this.#options;
    for (;;) {
      const token = `${holder}-${(this.#tokenCount += 1)}`;
      const job = await this.#next(token);
      if (job === undefined) return null;
      const queued = job === null ? null : await this.#taskIn(job, token);
      if (job === null || queued === null) continue;
      const data = this.#data;
      const hasLostData = async (): Promise<boolean> => (this.#data = await this.#nameOfData()) !== data;
      const lease = new BullLease(job, queued, { ...this.#leaseDeps, hasLostData, token });
      this.#held.set(lease, { untilMs: this.#deps.clock.nowMs() + timing.maxHoldMs });
      if (!this.#isRenewing) void this.#renewWhileHeld();
      return lease;
    }
  }

  /** Undefined if none waits. Null for a job that BullMQ cannot read: it is active by then, and becomes a dead letter. */
  async #next(token: string): Promise<TaskJob | null | undefined> {
    try {
      return await this.#worker.getNextJob(token, { block: false });
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
      if (await this.#setAside(token, 'is not a task (it is not JSON)')) return null;
      throw error;
    }
  }

  /** Null for a message that is no task of this version: it is left to others. */
  async #taskIn(job: TaskJob, token: string): Promise<QueuedTask | null> {
    const read = readTaskMessage(job.data);
    if ('value' in read && queueIdOf(read.value) === job.id) return read.value;
    const wrongId = { reason: 'is not a task (its id is not that of its task)', isNewer: false };
    await this.#leave(job, { ...('error' in read ? read.error : wrongId), token });
    return null;
  }

  /** A message of a newer version is returned uncounted, for the workers of that version. */
  async #leave(job: TaskJob, { reason, isNewer, token }: MessageProblem & { readonly token: string }): Promise<void> {
    if (!isNewer) await this.#setAside(token, reason);
    else {
      this.#tell(`a message ${reason}: it stays in the queue for a worker of that version`);
      await this.#leaseDeps.uncount({ id: String(job.id), token });
      await job.moveToDelayed(Date.now() + newerDelayMs, token);
    }
  }

  /** False if no job is active under the token. */
  async #setAside(token: string, reason: string): Promise<boolean> {
    const client = await this.#worker.getBackend().client;
    const id = await setAsideJob(client, this.#worker, { token, reason: `the message ${reason}` });
    if (id !== null) this.#deps.notify(`${this.#options.place}: ${id} is now a dead letter: the message ${reason}`);
    return id !== null;
  }

  #tell(message: string): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.#deps.notify(`${this.#options.place}: ${message}`);
  }

  async #nameOfData(): Promise<string> {
    return nameOfData(await this.#worker.getBackend().client, this.#worker, randomUUID());
  }

  async #renewWhileHeld(): Promise<void> {
    const { clock } = this.#deps;
    this.#isRenewing = true;
    while (this.#held.size > 0) {
      await clock.sleep(this.#options.timing.leaseMs / renewalsPerLease, this.#closing.signal);
      if (this.#closing.signal.aborted) return;
      this.#loseOverdue();
      // While Redis is unreachable, no other worker can take the jobs either.
      await this.#renew().catch(() => undefined);
    }
    this.#isRenewing = false;
  }

  #loseOverdue(): void {
    const nowMs = this.#deps.clock.nowMs();
    for (const [lease, { untilMs }] of [...this.#held]) if (untilMs <= nowMs) lease.lose();
  }

  async #renew(): Promise<void> {
    const leases = [...this.#held.keys()];
    if (leases.length === 0) return;
    const [ids, tokens] = [leases.map(({ id }) => id), leases.map(({ token }) => token)];
    const failed = new Set(await this.#worker.extendJobLocks(ids, tokens, this.#options.timing.leaseMs));
    const lost = leases.filter((lease) => failed.has(lease.id) && this.#held.has(lease));
    await Promise.all(lost.map((lease) => lease.loseOrForget()));
  }
}

function handBack(leases: readonly BullLease[]): void {
  for (const lease of leases) lease.releaseUncounted().catch(() => undefined);
}
