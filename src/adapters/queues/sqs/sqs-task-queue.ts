import { randomUUID } from 'node:crypto';
import { type OpenProgress, type QueuedTask, queueIdOf } from '../../../domain/queued-task.ts';
import { QueueUnavailableError, TaskRefusedError, UsageError } from '../../../domain/errors.ts';
import type { DeadTask, FleetState, QueueDepth, SendReport, TaskLease, TaskQueue } from '../../../ports/queues.ts';
import type { Clock } from '../../../ports/system.ts';
import { type MessageProblem, messageOf, readTaskMessage } from '../../../protocol/queue-messages.ts';
import { UnsearchableTaskQueue } from '../unsearchable-task-queue.ts';
import { DeadLetters } from './dead-letters.ts';
import { LeasedMessage, type VisibilityTiming } from './leased-message.ts';
import { MessagePolls, type Polled } from './message-polls.ts';
import { SqsLease } from './sqs-lease.ts';
import { encodeMessage, SqsQueue } from './sqs-queue.ts';
import type { SqsAddress } from '../../../domain/sqs-url.ts';

export interface SqsTaskQueueDeps {
  readonly clock: Clock;
  /** The side store for progress, as messages are immutable; its opener closes it. Null without one. */
  readonly state: FleetState | null;
  /** Shows a notice to the user. */
  readonly notify?: (message: string) => void;
}

const bulkSize = 500;
/** Time until a message of a newer version is looked at again. SQS counts every look. */
export const newerDelayMs = 60_000;

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
  /** Notices that are given once. */
  readonly #told = new Set<string>();

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

  async send(tasks: readonly QueuedTask[]): Promise<SendReport> {
    const fresh = new Set<string>();
    const failed = new Map<string, Error>();
    for (let from = 0; from < tasks.length; from += bulkSize) {
      const bulk = await this.#sendBulk(tasks.slice(from, from + bulkSize));
      for (const id of bulk.fresh) fresh.add(id);
      for (const [id, error] of bulk.failed) failed.set(id, error);
    }
    return { fresh, failed };
  }

  /** The side store remembers sent tasks, not finished ones. */
  async sendAgain(tasks: readonly QueuedTask[]): Promise<SendReport> {
    const { state } = this.#deps;
    if (state !== null) await Promise.all(tasks.map((task) => state.forgetSent(this.place, queueIdOf(task))));
    return this.send(tasks);
  }

  receive(most: number, waitMs: number, signal: AbortSignal): Promise<readonly TaskLease[]> {
    return this.#polls.receive({ most, waitMs, signal }, (polled) => this.#begin(polled));
  }

  /** Without its side store the queue cannot be used, so that is asked, too. */
  async depth(): Promise<QueueDepth> {
    const [{ waiting, inFlight }, dead] = await Promise.all([
      this.#queue.counts(),
      this.#deadLetters.count(),
      this.#deps.state?.unsent(this.place, ['-']),
    ]);
    return { waiting, inFlight, oldestAgeMs: null, dead };
  }

  dead(most: number): Promise<readonly DeadTask[]> {
    return this.#deadLetters.list(most);
  }

  findDead(ids: ReadonlySet<string>): Promise<readonly DeadTask[]> {
    return this.#deadLetters.find(ids);
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
  async #sendBulk(tasks: readonly QueuedTask[]): Promise<SendReport> {
    const { state } = this.#deps;
    const byId = new Map(tasks.map((task) => [queueIdOf(task), task]));
    const unsent = state === null ? byId : await state.unsent(this.place, [...byId.keys()]);
    const sending = [...byId].filter(([id]) => unsent.has(id));
    const ends = await Promise.allSettled(
      sending.map(([, task]) => this.#queue.sendNew(encodeMessage(messageOf(task)))),
    );
    const fresh = new Set(sending.filter((_, index) => ends[index]?.status === 'fulfilled').map(([id]) => id));
    await state?.recordSent(this.place, [...fresh]);
    const failed = new Map<string, Error>();
    for (const [index, [id]] of sending.entries()) {
      const end = ends[index];
      if (end?.status !== 'rejected') continue;
      const error: unknown = end.reason;
      if (!(error instanceof TaskRefusedError || error instanceof QueueUnavailableError)) throw error;
      failed.set(id, error);
    }
    return { fresh, failed };
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

  /** Null for a copy of a task that was moved elsewhere, and for a message that is no task of this version. */
  async #lease(message: LeasedMessage): Promise<SqsLease | null> {
    const read = readTaskMessage(message.body);
    if ('error' in read) return this.#leave(message, read.error);
    const queued = read.value;
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

  async #leave(message: LeasedMessage, { reason, isNewer }: MessageProblem): Promise<null> {
    if (isNewer) {
      this.#tell(`a message ${reason}: it stays in the queue for a worker of that version`);
      await message.release(newerDelayMs);
      return null;
    }
    try {
      await this.#deadLetters.addForeign(message.body, `the message ${reason}`);
      await message.delete();
      this.#notify(`${this.place}: a message is now a dead letter: the message ${reason}`);
    } catch (error) {
      if (!(error instanceof UsageError || error instanceof TaskRefusedError)) throw error;
      this.#tell(`a message ${reason}; it stays in the queue: ${error.message}`);
      message.forget();
    }
    return null;
  }

  #notify(message: string): void {
    this.#deps.notify?.(message);
  }

  #tell(message: string): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.#notify(`${this.place}: ${message}`);
  }
}

/** Without a side store, an earlier delivery may have paid for the task without recording it. */
function presumedProgress(progress: OpenProgress, delivery: number): OpenProgress {
  return progress.state === 'new' && delivery > 1 ? { state: 'in-doubt', attempts: 0 } : progress;
}
