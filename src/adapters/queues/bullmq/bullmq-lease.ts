import type { Job } from 'bullmq';
import type { Batcher } from '../../../domain/batcher.ts';
import { LeaseForgottenError, LeaseLostError } from '../../../domain/errors.ts';
import { furtherOf, type OpenProgress, type QueuedTask } from '../../../domain/queued-task.ts';
import type { FleetState, TaskLease } from '../../../ports/queues.ts';
import { messageOf } from '../../../protocol/queue-messages.ts';
import type { RedisErrors } from '../../redis/redis-errors.ts';
import type { SaveRequest } from './bullmq-scripts.ts';

export type TaskJob = Job<QueuedTask, null>;

export interface BullLeaseDeps {
  readonly saves: Batcher<SaveRequest, number>;
  /** The worker's unique name. */
  readonly holder: string;
  /** The fleet state, which stores where tasks were started; `place` is this queue's name there. Null without one. */
  readonly state: FleetState | null;
  readonly place: string;
  readonly redisErrors: RedisErrors;
  /** True if the queue has lost its data since the lease was taken. */
  readonly hasLostData: () => Promise<boolean>;
  /** Takes this delivery of the job back. */
  readonly uncount: (delivery: { readonly id: string; readonly token: string }) => Promise<void>;
  /** Called once when the lease ended or was lost, and needs no more renewals. */
  readonly onEnd: (lease: BullLease) => void;
}

/** BullMQ's error codes for a missing job and for a lock that is missing or held by another worker. */
const lostCodes: ReadonlySet<unknown> = new Set([-1, -2, -3, -6]);

function saysLost(error: unknown): boolean {
  return error instanceof Error && 'code' in error && lostCodes.has(error.code);
}

/** One delivery of a job. Its lock token is the fence: BullMQ ends a job only for the holder of the lock. */
export class BullLease implements TaskLease {
  readonly delivery: number;
  readonly id: string;
  readonly token: string;
  readonly #job: TaskJob;
  readonly #deps: BullLeaseDeps;
  readonly #lost = new AbortController();
  readonly #forgotten = new AbortController();
  #queued: QueuedTask;
  #offeredTo = '';
  #hasEnded = false;

  constructor(job: TaskJob, queued: QueuedTask, deps: BullLeaseDeps & { readonly token: string }) {
    this.#job = job;
    this.#deps = deps;
    this.token = deps.token;
    this.id = String(job.id);
    this.#queued = queued;
    this.delivery = job.attemptsStarted;
  }

  get queued(): QueuedTask {
    return this.#queued;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  get forgotten(): AbortSignal {
    return this.#forgotten.signal;
  }

  /** False if the task was moved to another queue; this copy is then deleted. */
  async begin(): Promise<boolean> {
    const { state, place } = this.#deps;
    if (state === null) return true;
    const begun = await state.begin(this.id, { holder: this.token, place });
    if (begun.isHere) {
      this.#queued = { ...this.#queued, progress: furtherOf(this.#queued.progress, begun.progress) };
      return true;
    }
    await this.#leave();
    return false;
  }

  /** Ends the lease because the queue has lost its data: no worker has the job. */
  forget(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#forgotten.abort();
    this.#deps.onEnd(this);
  }

  /** Handles a missing lock: either the queue lost its data, or another worker may have the job. */
  async loseOrForget(): Promise<void> {
    if (await this.#deps.hasLostData()) this.forget();
    else this.lose();
  }

  /** Ends the lease because another worker may have the job. */
  lose(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#lost.abort();
    this.#deps.onEnd(this);
  }

  async save(progress: OpenProgress): Promise<void> {
    const { saves, holder, redisErrors } = this.#deps;
    const request = {
      id: this.id,
      holder,
      delivery: this.delivery,
      data: JSON.stringify(messageOf({ ...this.queued, progress })),
      // The id is paid for, so it is saved for the next worker even if the lock has expired.
      token: progress.state === 'submitted' ? null : this.token,
    };
    // A task that was queued again must not get the progress from before the loss.
    const saved = this.forgotten.aborted ? 0 : await redisErrors.guard(() => saves.add(request));
    if (saved === 1) return;
    await redisErrors.guard(() => this.loseOrForget());
    if (this.forgotten.aborted) throw new LeaseForgottenError(`the queue has lost the task ${this.id}`);
    throw new LeaseLostError(`the task ${this.id} was given to another worker`);
  }

  async ack(): Promise<boolean> {
    const isDone = await this.#complete();
    // Not awaited: remaining data expires by itself.
    if (isDone) void this.#deps.state?.forget(this.id).catch(() => undefined);
    return isDone;
  }

  async offer(to: string): Promise<OpenProgress | null> {
    const { state, place } = this.#deps;
    const { progress } = this.#queued;
    try {
      // After a suspension, another worker may have started the job first; the state then names the wrong holder.
      // Saving checks that.
      await this.save(progress);
    } catch (error) {
      if (!(error instanceof LeaseLostError)) throw error;
      // A task that the queue lost is with no other worker: its copy will be the only one.
      if (!(error instanceof LeaseForgottenError)) return null;
    }
    if (state !== null && !(await state.offer(this.id, { holder: this.token, place, to, progress }))) return null;
    this.#offeredTo = to;
    return progress;
  }

  async moved(): Promise<boolean> {
    const { state } = this.#deps;
    const isThere = state === null || (await state.settle(this.id, { holder: this.token, to: this.#offeredTo }));
    if (isThere) return (await this.#leave()) || this.forgotten.aborted;
    await this.release();
    return false;
  }

  release(delayMs = 0): Promise<boolean> {
    return this.#end(() =>
      delayMs > 0
        ? this.#job.moveToDelayed(Date.now() + delayMs, this.token)
        : this.#job.moveToWait(this.token).then(() => undefined),
    );
  }

  releaseUncounted(): Promise<boolean> {
    return this.#end(async () => {
      await this.#deps.uncount(this);
      await this.#job.moveToWait(this.token);
    });
  }

  deadLetter(reason: string): Promise<boolean> {
    const error = new Error(reason);
    // BullMQ stores stack traces, which are useless here.
    delete error.stack;
    return this.#end(() => this.#job.moveToFailed(error, this.token, false));
  }

  #complete(): Promise<boolean> {
    return this.#end(() => this.#job.moveToCompleted(null, this.token, false));
  }

  #leave(): Promise<boolean> {
    // A stored completed job would block the task from returning to this queue.
    this.#job.opts.removeOnComplete = true;
    return this.#complete();
  }

  async #end(how: () => Promise<unknown>): Promise<boolean> {
    if (this.#hasEnded) return false;
    try {
      await this.#deps.redisErrors.guard(() => how().catch((error: unknown) => this.#orLost(error)));
      return !this.#lost.signal.aborted && !this.forgotten.aborted;
    } finally {
      this.#hasEnded = true;
      this.#deps.onEnd(this);
    }
  }

  async #orLost(error: unknown): Promise<void> {
    if (!saysLost(error)) throw error;
    await this.loseOrForget();
  }
}
