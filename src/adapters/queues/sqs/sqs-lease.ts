import { LeaseLostError } from '../../../domain/errors.ts';
import { doubtful, type OpenProgress, type QueuedTask, queueIdOf } from '../../../domain/queued-task.ts';
import type { FleetState, TaskLease } from '../../../ports/queues.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { LeasedMessage } from './leased-message.ts';
import { messageOf } from '../../../protocol/queue-messages.ts';
import { encodeMessage, type SqsQueue } from './sqs-queue.ts';

export interface SqsLeaseDeps {
  readonly queue: SqsQueue;
  /** This queue's name in `state`. */
  readonly place: string;
  readonly deadLetters: DeadLetters;
  /** Null without a side store. */
  readonly state: FleetState | null;
}

/**
 * One delivery of a message. Only the latest holder may save progress; the side store, if there is one, checks that.
 */
export class SqsLease implements TaskLease {
  readonly queued: QueuedTask;
  readonly delivery: number;
  /** Never aborts: a message cannot be lost with the side store's data. */
  readonly forgotten = new AbortController().signal;
  readonly #message: LeasedMessage;
  readonly #holder: string;
  readonly #deps: SqsLeaseDeps;
  #progress: OpenProgress;
  #offeredTo = '';

  /** `holder`: the name under which this delivery was started. */
  constructor(
    { message, queued, holder }: { message: LeasedMessage; queued: QueuedTask; holder: string },
    deps: SqsLeaseDeps,
  ) {
    this.#message = message;
    this.#holder = holder;
    this.#deps = deps;
    this.queued = queued;
    this.delivery = message.delivery;
    this.#progress = queued.progress;
  }

  get lost(): AbortSignal {
    return this.#message.lost;
  }

  async save(progress: OpenProgress): Promise<void> {
    const { state, place } = this.#deps;
    const id = queueIdOf(this.queued);
    // The id is paid for, so it is saved for the next worker even if the hold has expired.
    const maySave = this.#message.isHeld() || (state !== null && progress.state === 'submitted');
    const isSaved = maySave && (state === null || (await state.save(id, { holder: this.#holder, place }, progress)));
    if (!isSaved) {
      this.#message.lose();
      throw new LeaseLostError(`the task ${id} was given to another worker`);
    }
    this.#progress = progress;
  }

  ack(): Promise<boolean> {
    return this.#message.delete();
  }

  /** Without a side store, a copy left behind is indistinguishable from the task, so both may be paid for. */
  async offer(to: string): Promise<OpenProgress | null> {
    const { state, place } = this.#deps;
    if (!this.#message.isHeld()) return null;
    if (state === null) return doubtful(this.#progress);
    const offer = { holder: this.#holder, place, to, progress: this.#progress };
    if (!(await state.offer(queueIdOf(this.queued), offer))) return null;
    this.#offeredTo = to;
    return this.#progress;
  }

  async moved(): Promise<boolean> {
    const { state } = this.#deps;
    if (!this.#message.isHeld()) return false;
    const settled = { holder: this.#holder, to: this.#offeredTo };
    if (state === null || (await state.settle(queueIdOf(this.queued), settled))) return this.leave();
    await this.release();
    return false;
  }

  /** The task was moved to another queue: deletes it here, side store included. */
  async leave(): Promise<boolean> {
    const { state, place } = this.#deps;
    await state?.forgetSent(place, queueIdOf(this.queued));
    return this.#message.delete();
  }

  /** Messages are immutable: without a side store, progress goes into a new message. */
  async release(delayMs = 0): Promise<boolean> {
    if (this.#deps.state !== null || this.#progress === this.queued.progress) return this.#message.release(delayMs);
    return this.#replace(delayMs);
  }

  /** SQS counts the deliveries of a message, so this needs a new one. A copy left behind needs a side store. */
  releaseUncounted(): Promise<boolean> {
    return this.#deps.state === null ? this.release() : this.#replace(0);
  }

  async deadLetter(reason: string): Promise<boolean> {
    if (!this.#message.isHeld()) return false;
    await this.#deps.deadLetters.add(this.#present(), { reason, deliveries: this.delivery });
    return this.#message.delete();
  }

  /** A crash in between leaves two messages: the fleet state lets one worker at a time have the task. */
  async #replace(delayMs: number): Promise<boolean> {
    if (!this.#message.isHeld()) return false;
    await this.#deps.queue.send(encodeMessage(messageOf(this.#present())), { delayMs });
    return this.#message.delete();
  }

  #present(): QueuedTask {
    return { ...this.queued, progress: this.#progress };
  }
}
