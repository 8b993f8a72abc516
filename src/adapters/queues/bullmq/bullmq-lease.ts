import type { Job } from 'bullmq';
import type { Batcher } from '../../../domain/batcher.ts';
import { LeaseForgottenError, LeaseLostError } from '../../../domain/errors.ts';
import { furtherOf, type OpenProgress, type QueuedTask } from '../../../domain/queued-task.ts';
import type { FleetState, TaskLease } from '../../../ports/queues.ts';
import type { RedisErrors } from '../../redis/redis-errors.ts';
import type { SaveRequest } from './bullmq-scripts.ts';

export type TaskJob = Job<QueuedTask, null>;

export interface BullLeaseDeps {
  readonly saves: Batcher<SaveRequest, number>;
  /** The name under which the worker takes jobs, which no other has. */
  readonly holder: string;
  /** Where tasks are that were begun, and the name of this queue there. Null: this queue is all that there is. */
  readonly state: FleetState | null;
  readonly place: string;
  readonly redisErrors: RedisErrors;
  /** Whether the queue has lost its data since the lease was taken. */
  readonly hasLostData: () => Promise<boolean>;
  /** Told once, when the lease is ended or lost: it need not be renewed any more. */
  readonly onEnd: (lease: BullLease) => void;
}

/** The codes of BullMQ for a job that is gone, or whose lock is gone or somebody else's. */
const lostCodes: ReadonlySet<unknown> = new Set([-1, -2, -3, -6]);

function saysLost(error: unknown): boolean {
  return error instanceof Error && 'code' in error && lostCodes.has(error.code);
}

/** One delivery of a job. The token of its lock is the fence: BullMQ ends a job for the holder of the lock only. */
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

  constructor(job: TaskJob, token: string, deps: BullLeaseDeps) {
    this.#job = job;
    this.#deps = deps;
    this.token = token;
    this.id = String(job.id);
    this.#queued = job.data;
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

  /** False where the task is in another queue: this copy of it is gone then. */
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

  /** Nobody has the job: the queue has lost its data. */
  forget(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#forgotten.abort();
    this.#deps.onEnd(this);
  }

  /** The lock is gone: with all the data, or somebody else may have the job. */
  async loseOrForget(): Promise<void> {
    if (await this.#deps.hasLostData()) this.forget();
    else this.lose();
  }

  /** Somebody else may have the job. */
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
      data: JSON.stringify({ ...this.queued, progress }),
      // An id was paid for: it is worth knowing for whoever is next, even where the lock ran out meanwhile.
      token: progress.state === 'submitted' ? null : this.token,
    };
    // Whoever has queued it again must not find the progress of before in it.
    const saved = this.forgotten.aborted ? 0 : await redisErrors.guard(() => saves.add(request));
    if (saved === 1) return;
    await redisErrors.guard(() => this.loseOrForget());
    if (this.forgotten.aborted) throw new LeaseForgottenError(`the queue has lost the task ${this.id}`);
    throw new LeaseLostError(`the task ${this.id} was given to another worker`);
  }

  async ack(): Promise<boolean> {
    const isDone = await this.#complete();
    // Not waited for: what stays of it is forgotten in time.
    if (isDone) void this.#deps.state?.forget(this.id).catch(() => undefined);
    return isDone;
  }

  async offer(to: string): Promise<OpenProgress | null> {
    const { state, place } = this.#deps;
    const { progress } = this.#queued;
    try {
      // Whoever has the job by now may have begun it before us, who stood still: then the state names the wrong one.
      await this.save(progress);
    } catch (error) {
      if (!(error instanceof LeaseLostError)) throw error;
      // What the queue has lost, nobody else has: the copy is all that there will be of it.
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

  deadLetter(reason: string): Promise<boolean> {
    const error = new Error(reason);
    // BullMQ keeps stacks, which say nothing here.
    delete error.stack;
    return this.#end(() => this.#job.moveToFailed(error, this.token, false));
  }

  #complete(): Promise<boolean> {
    return this.#end(() => this.#job.moveToCompleted(null, this.token, false));
  }

  #leave(): Promise<boolean> {
    // A job that is kept would keep the task from ever coming back.
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
