import { randomUUID } from 'node:crypto';
import { type OpenProgress, type QueuedTask, queueIdOf } from '../../../domain/queued-task.ts';
import type { DeadTask, FleetState, QueueDepth, TaskLease, TaskQueue } from '../../../ports/queues.ts';
import type { Clock } from '../../../ports/system.ts';
import { UnsearchableTaskQueue } from '../unsearchable-task-queue.ts';
import { DeadLetters } from './dead-letters.ts';
import { LeasedMessage, type VisibilityTiming } from './leased-message.ts';
import { MessagePolls, type Polled } from './message-polls.ts';
import { SqsLease } from './sqs-lease.ts';
import { encodeMessage, SqsQueue } from './sqs-queue.ts';
import type { SqsAddress } from './sqs-url.ts';

export interface SqsTaskQueueDeps {
  readonly clock: Clock;
  /** The side store for progress, as messages are immutable; its opener closes it. Null without one. */
  readonly state: FleetState | null;
}

const bulkSize = 500;

/**
 * The tasks of one region in SQS. Does not create queues; throws `UsageError` if the queue or its dead-letter queue is
 * missing.
 */
export class SqsTaskQueue extends UnsearchableTaskQueue implements TaskQueue {
  readonly #timing: VisibilityTiming;
  readonly #deps: SqsTaskQueueDeps;
  readonly #queue: SqsQueue;
  readonly #deadLetters: DeadLetters;
  readonly #polls: MessagePolls;
  readonly #held = new Set<LeasedMessage>();

  constructor(address: SqsAddress, timing: VisibilityTiming, deps: SqsTaskQueueDeps) {
    super();
    this.#timing = timing;
    this.#deps = deps;
    this.#queue = new SqsQueue(address, deps);
    this.#polls = new MessagePolls(timing, { ...deps, queue: this.#queue });
    this.#deadLetters = new DeadLetters(this.#queue, deps);
  }

  /** Includes the cloud region: queues of the same name may exist in several. */
  get place(): string {
    const { name, region } = this.#queue.address;
    return `${region}/${name}`;
  }

  async send(tasks: readonly QueuedTask[]): Promise<ReadonlySet<string>> {
    const fresh = new Set<string>();
    for (let from = 0; from < tasks.length; from += bulkSize) {
      for (const id of await this.#sendBulk(tasks.slice(from, from + bulkSize))) fresh.add(id);
    }
    return fresh;
  }

  /** The side store remembers sent tasks, not finished ones. */
  async sendAgain(tasks: readonly QueuedTask[]): Promise<ReadonlySet<string>> {
    const { state } = this.#deps;
    if (state !== null) await Promise.all(tasks.map((task) => state.forgetSent(this.place, queueIdOf(task))));
    return this.send(tasks);
  }

  receive(most: number, waitMs: number, signal: AbortSignal): Promise<readonly TaskLease[]> {
    return this.#polls.receive({ most, waitMs, signal }, (polled) => this.#begin(polled));
  }

  async depth(): Promise<QueueDepth> {
    const [{ waiting, inFlight }, dead] = await Promise.all([this.#queue.counts(), this.#deadLetters.count()]);
    return { waiting, inFlight, oldestAgeMs: null, dead };
  }

  dead(most: number): Promise<readonly DeadTask[]> {
    return this.#deadLetters.list(most);
  }

  requeue(ids: readonly string[] | null): Promise<number> {
    return this.#deadLetters.requeue(ids);
  }

  async close(): Promise<void> {
    await this.#polls.close();
    for (const message of this.#held) message.forget();
    this.#deadLetters.close();
    this.#queue.close();
  }

  /**
   * Messages are sent before they are recorded: a crash in between creates a duplicate, not a task that was never sent.
   */
  async #sendBulk(tasks: readonly QueuedTask[]): Promise<readonly string[]> {
    const { state } = this.#deps;
    const byId = new Map(tasks.map((task) => [queueIdOf(task), task]));
    const unsent = state === null ? byId : await state.unsent(this.place, [...byId.keys()]);
    const sending = [...byId].filter(([id]) => unsent.has(id));
    const ends = await Promise.allSettled(sending.map(([, task]) => this.#queue.send(encodeMessage(task))));
    const sent = sending.filter((_, index) => ends[index]?.status === 'fulfilled').map(([id]) => id);
    await state?.recordSent(this.place, sent);
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return sent;
  }

  async #begin({ sinceMs, messages }: Polled): Promise<readonly TaskLease[]> {
    for (const message of this.#held) if (!message.isHeld()) this.#held.delete(message);
    const held = messages.map(
      (message) => new LeasedMessage(message, { sinceMs, timing: this.#timing }, { ...this.#deps, queue: this.#queue }),
    );
    for (const message of held) this.#held.add(message);
    const begun = await Promise.allSettled(held.map((message) => this.#lease(message)));
    const failed = begun.find((end) => end.status === 'rejected');
    if (failed === undefined) return begun.flatMap((end) => (end.status === 'fulfilled' ? (end.value ?? []) : []));
    await Promise.allSettled(held.map((message) => message.release(0)));
    throw failed.reason;
  }

  /**
   * Null for a copy of a task that was moved elsewhere, and for a message that is not a task: that is left alone and
   * ends in the dead-letter queue.
   */
  async #lease(message: LeasedMessage): Promise<SqsLease | null> {
    const queued = readTask(message.body);
    if (queued === null) {
      message.forget();
      return null;
    }
    const holder = randomUUID();
    const { state } = this.#deps;
    const deps = { queue: this.#queue, place: this.place, deadLetters: this.#deadLetters, state };
    const createLease = (progress: OpenProgress): SqsLease =>
      new SqsLease({ message, queued: { ...queued, progress }, holder }, deps);
    if (state === null) return createLease(presumedProgress(queued.progress, message.delivery));
    const begun = await state.begin(queueIdOf(queued), { holder, place: this.place });
    if (begun.isHere) return createLease(begun.progress ?? queued.progress);
    await createLease(queued.progress).leave();
    return null;
  }
}

/** Without a side store, an earlier delivery may have paid for the task without recording it. */
function presumedProgress(progress: OpenProgress, delivery: number): OpenProgress {
  return progress.state === 'new' && delivery > 1 ? { state: 'in-doubt', attempts: 0 } : progress;
}

function readTask(body: string): QueuedTask | null {
  try {
    const queued = JSON.parse(body) as QueuedTask;
    queueIdOf(queued);
    return queued;
  } catch {
    return null;
  }
}
