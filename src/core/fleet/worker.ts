import { QueueUnavailableError } from '../../domain/errors.ts';
import type { SolverEvent } from '../../domain/events.ts';
import type { FatalReason } from '../../domain/outcome.ts';
import type { TaskResult } from '../../domain/queued-task.ts';
import type { QueueDepth, TaskLease, TaskQueue } from '../../ports/queues.ts';
import type { Clock } from '../../ports/system.ts';
import type { ConcurrencyLimit, TaskSlot } from '../batch/concurrency-limit.ts';
import {
  type HandedBack,
  type LeaseEnd,
  type LeaseWorkDeps,
  type LeaseWorkOptions,
  workOnLease,
} from './work-on-lease.ts';
import type { WorkerStats, WorkerTotals } from './worker-metrics.ts';

/** How long a hold or a limit keeps a worker from taking tasks; its own tasks look again sooner. */
const heldMs = 1_000;

/**
 * How long a worker takes no further tasks because its own tasks wait for the breaker, the retry budget, a hold or a limit. Tasks that
 * stay in the queue can still go to other workers.
 */
export class WorkerPause {
  readonly #clock: Clock;
  #untilMs = 0;

  constructor({ clock }: { clock: Clock }) {
    this.#clock = clock;
  }

  get leftMs(): number {
    return Math.max(0, this.#untilMs - this.#clock.nowMs());
  }

  recordEvent(event: SolverEvent): void {
    if (event.type === 'breaker-refused') this.#lengthen(event.retryInMs);
    if (event.type === 'cooling-down') this.#lengthen(event.waitMs);
    // A hold may be released, so the worker looks again soon.
    if (event.type === 'submission-refused') this.#lengthen(Math.min(event.retryInMs ?? Infinity, heldMs));
    // The token was reserved in advance: the wait for it lasts this long.
    if (event.type === 'retrying' && (event.budgetBalance ?? 0) < 0) this.#lengthen(event.waitMs);
    if (event.type === 'submitted') this.#untilMs = 0;
  }

  #lengthen(ms: number): void {
    this.#untilMs = Math.max(this.#untilMs, this.#clock.nowMs() + ms);
  }
}

export interface WorkerOptions extends LeaseWorkOptions {
  /** How long running tasks may take to finish on shutdown, in ms. */
  readonly drainTimeoutMs: number;
  /** Ends after this time without a task and with an empty queue, in ms; null for never. */
  readonly exitWhenIdleMs: number | null;
  /** How many workers share the threads of the account, as far as it is known; left out, this one has them alone. */
  readonly sharers?: number;
}

export interface WorkerDeps extends Omit<LeaseWorkDeps, 'stop' | 'handBack' | 'onUnavailable' | 'onFatal' | 'slot'> {
  readonly queue: TaskQueue;
  readonly limit: ConcurrencyLimit;
  readonly pause: WorkerPause;
  readonly stats: WorkerStats;
  /** Aborts to end the worker. */
  readonly interrupt: AbortSignal;
  /** Called for every task that this worker gave its result. Left out if that is of no interest. */
  readonly onFinished?: (result: TaskResult) => void;
  /** Shows a notice to the user, at once and once per topic. */
  readonly notify: (message: string) => void;
}

/** Why a worker ended. */
export type WorkerEndReason = 'interrupted' | 'idle' | 'account' | 'config' | 'local';

export interface WorkerEnd {
  readonly reason: WorkerEndReason;
  /** Details of the reason for the user; null if there are none. */
  readonly message: string | null;
  /** False if the drain timeout ended first: unfinished tasks were returned to the queue. */
  readonly isDrained: boolean;
  readonly handedBack: readonly HandedBack[];
}

/** The current state of a worker. */
export interface WorkerSnapshot {
  readonly isDraining: boolean;
  /** Why its queues are unreachable; null if they are reachable. */
  readonly queueError: string | null;
  /** Null before the first measurement. */
  readonly depth: QueueDepth | null;
  /** How many tasks can be in work here while other workers use the same account; and how many are. */
  readonly concurrency: number;
  readonly busy: number;
  /** Remaining time of the pause caused by the breaker or the budget, in ms. */
  readonly pausedMs: number;
  readonly totals: WorkerTotals;
}

/**
 * Upper bound of a long poll. SQS may continue the poll of a killed worker. That poll ends before the killed worker's
 * tasks return, 12 s after their last renewal at the earliest, so it cannot take any of them.
 */
const receiveMs = 10_000;
const depthEveryMs = 15_000;
const unavailableRetryMs = 1_000;
/** Limit of listed ids; the total is reported separately. */
const maxNamed = 1_000;

/** Takes tasks from a queue up to its concurrency limit and processes each to its result. */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #deps: WorkerDeps;
  readonly #stop = new AbortController();
  readonly #handBack = new AbortController();
  readonly #ended = new AbortController();
  readonly #working = new Set<Promise<void>>();
  readonly #handedBack: HandedBack[] = [];
  #end: Pick<WorkerEnd, 'reason' | 'message'> | null = null;
  #fail: (error: unknown) => void = () => undefined;
  #busySinceMs: number;
  #queueError: string | null = null;
  #depth: QueueDepth | null = null;

  constructor(options: WorkerOptions, deps: WorkerDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#busySinceMs = deps.clock.nowMs();
  }

  /**
   * Runs until it is interrupted, idle for too long, or stopped by an account or configuration error. Rejects only on
   * bugs.
   */
  async run(): Promise<WorkerEnd> {
    const { interrupt } = this.#deps;
    const onInterrupt = (): void => this.#stopFor('interrupted');
    if (interrupt.aborted) onInterrupt();
    else interrupt.addEventListener('abort', onInterrupt, { once: true });
    const failed = new Promise<never>((_resolve, reject) => (this.#fail = reject));
    try {
      return await Promise.race([this.#toEnd(), failed]);
    } finally {
      interrupt.removeEventListener('abort', onInterrupt);
      for (const each of [this.#stop, this.#handBack, this.#ended]) each.abort();
    }
  }

  /** Number of running tasks. */
  get busy(): number {
    return this.#working.size;
  }

  snapshot(): WorkerSnapshot {
    const { limit, pause, stats } = this.#deps;
    const concurrency = limit.shareOf(this.#options.sharers ?? 1);
    const [isDraining, busy] = [this.#stop.signal.aborted, this.#working.size];
    const state = { queueError: this.#queueError, depth: this.#depth, pausedMs: pause.leftMs };
    return { isDraining, concurrency, busy, ...state, totals: stats.totals() };
  }

  async #toEnd(): Promise<WorkerEnd> {
    this.#watchDepth().catch(this.#fail);
    while (!this.#stop.signal.aborted) await this.#takeSome();
    await Promise.all(this.#working);
    const isDrained = !this.#handBack.signal.aborted;
    const { reason, message } = this.#end ?? { reason: 'interrupted', message: null };
    return { reason, message, isDrained, handedBack: this.#handedBack };
  }

  #stopFor(reason: WorkerEndReason, message: string | null = null): void {
    if (this.#end !== null) return;
    this.#end = { reason, message };
    this.#stop.abort();
    void this.#limitDrain();
  }

  async #limitDrain(): Promise<void> {
    await this.#deps.clock.sleep(this.#options.drainTimeoutMs, this.#ended.signal);
    if (!this.#ended.signal.aborted) this.#handBack.abort();
  }

  async #takeSome(): Promise<void> {
    const { limit, pause, clock, stats } = this.#deps;
    await clock.sleep(pause.leftMs, this.#stop.signal);
    const slot = await limit.acquire(this.#stop.signal);
    const room = 1 + limit.room;
    const leases = await this.#receive(room);
    stats.recordTaken(leases.length);
    const [first, ...others] = leases;
    if (first === undefined) {
      slot.release();
      return this.#checkIdle();
    }
    this.#start(first, Promise.resolve(slot));
    for (const lease of others) this.#start(lease, limit.acquire(this.#stop.signal));
  }

  async #receive(room: number): Promise<readonly TaskLease[]> {
    const { queue, clock } = this.#deps;
    const signal = this.#stop.signal;
    if (signal.aborted) return [];
    try {
      const waitMs = Math.min(receiveMs, this.#options.exitWhenIdleMs ?? receiveMs);
      const leases = await queue.receive(room, waitMs, signal);
      this.#queueError = null;
      return leases;
    } catch (error) {
      if (!(error instanceof QueueUnavailableError)) throw error;
      this.#noteUnavailable(error.message);
      await clock.sleep(unavailableRetryMs, signal);
      return [];
    }
  }

  #start(lease: TaskLease, place: Promise<TaskSlot>): void {
    const work = this.#work(lease, place)
      .catch(this.#fail)
      .finally(() => {
        this.#working.delete(work);
        this.#busySinceMs = this.#deps.clock.nowMs();
      });
    this.#working.add(work);
  }

  async #work(lease: TaskLease, place: Promise<TaskSlot>): Promise<void> {
    const slot = await place;
    const onUnavailable = (message: string): void => this.#noteUnavailable(message);
    const onFatal = ({ reason, message }: FatalReason): void => this.#stopFor(reason, message);
    const signals = { stop: this.#stop.signal, handBack: this.#handBack.signal };
    try {
      this.#record(
        await workOnLease(lease, this.#options, { ...this.#deps, ...signals, slot, onUnavailable, onFatal }),
      );
    } finally {
      slot.release();
    }
  }

  #record(ended: LeaseEnd): void {
    const { stats, notify, onFinished } = this.#deps;
    stats.recordEnd(ended);
    if (ended.end === 'finished') onFinished?.(ended.result);
    if (ended.end === 'dead') notify(`${ended.id} is now a dead letter: ${ended.reason}`);
    if (ended.end !== 'handed-back') return;
    const { id, taskId, captchaId } = ended;
    if (this.#handedBack.length < maxNamed) this.#handedBack.push({ id, taskId, captchaId });
  }

  async #checkIdle(): Promise<void> {
    const { exitWhenIdleMs } = this.#options;
    const { clock, queue } = this.#deps;
    if (exitWhenIdleMs === null || this.#working.size > 0 || this.#stop.signal.aborted) return;
    if (clock.nowMs() - this.#busySinceMs < exitWhenIdleMs) return;
    const depth = await queue.depth().catch(() => null);
    // Another worker's lease can expire and return the task.
    if (depth !== null && depth.waiting + depth.inFlight === 0) this.#stopFor('idle');
  }

  async #watchDepth(): Promise<void> {
    const { queue, clock } = this.#deps;
    while (!this.#ended.signal.aborted) {
      try {
        this.#depth = await queue.depth();
        this.#queueError = null;
      } catch (error) {
        if (!(error instanceof QueueUnavailableError)) throw error;
        this.#noteUnavailable(error.message);
      }
      await clock.sleep(depthEveryMs, this.#ended.signal);
    }
  }

  #noteUnavailable(message: string): void {
    if (this.#queueError === null) this.#deps.notify(`waiting for the queue: ${message}`);
    this.#queueError = message;
  }
}
