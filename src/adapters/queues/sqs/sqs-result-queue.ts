import { QueueUnavailableError } from '../../../domain/errors.ts';
import { queueIdOf, type TaskAddress, type TaskResult } from '../../../domain/queued-task.ts';
import type { ResultDepth, ResultLease, ResultQueue, ResultReader } from '../../../ports/queues.ts';
import type { Clock } from '../../../ports/system.ts';
import { messageOf, readResultMessage } from '../../../protocol/queue-messages.ts';
import { LeasedMessage, type VisibilityTiming } from './leased-message.ts';
import { MessagePolls, type Polled } from './message-polls.ts';
import { encodeMessage, SqsQueue } from './sqs-queue.ts';
import { newerDelayMs, type SqsTaskQueueDeps } from './sqs-task-queue.ts';
import type { SqsAddress } from '../../../domain/sqs-url.ts';

/** The most recent ids, up to a limit. */
class RecentIds {
  readonly #most: number;
  readonly #ids = new Set<string>();

  constructor(most: number) {
    this.#most = most;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  add(id: string): void {
    this.#ids.add(id);
    if (this.#ids.size <= this.#most) return;
    const [oldest] = this.#ids;
    if (oldest !== undefined) this.#ids.delete(oldest);
  }
}

interface ReaderDeps {
  readonly queue: Pick<SqsQueue, 'receive' | 'hold' | 'delete'>;
  readonly clock: Clock;
  /** Shows a notice to the user, once. */
  readonly tell: (message: string) => void;
}

/** A duplicate arrives soon after the first result, if at all: its worker died between two steps. */
const rememberedCount = 200_000;
/** A result of another run stays hidden for this time when it is returned; its own reader polls all the time. */
const foreignDelayMs = 1_000;

/**
 * Reads the results of one run or of all runs. SQS cannot select by run: results of other runs are returned to the
 * queue, and duplicates are deleted.
 */
export class SqsResultReader implements ResultReader {
  readonly #run: string | null;
  readonly #timing: VisibilityTiming;
  readonly #deps: ReaderDeps;
  readonly #held = new Map<string, LeasedMessage>();
  readonly #done = new RecentIds(rememberedCount);
  readonly #polls: MessagePolls;

  constructor(run: string | null, timing: VisibilityTiming, deps: ReaderDeps) {
    this.#run = run;
    this.#timing = timing;
    this.#deps = deps;
    this.#polls = new MessagePolls(timing, deps);
  }

  receive(most: number, waitMs: number, signal: AbortSignal): Promise<readonly ResultLease[]> {
    return this.#polls.receive({ most, waitMs, signal }, (polled) => this.#begin(polled));
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#held.values()].map((message) => message.release(0)));
    this.#held.clear();
    await this.#polls.close();
  }

  async #begin({ sinceMs, messages }: Polled): Promise<readonly ResultLease[]> {
    const held = messages.map((message) => new LeasedMessage(message, { sinceMs, timing: this.#timing }, this.#deps));
    return (await Promise.all(held.map((message) => this.#lease(message)))).filter((lease) => lease !== null);
  }

  /** Null for, among others, a message that is not a result: it is left alone and ends in the dead-letter queue. */
  async #lease(message: LeasedMessage): Promise<ResultLease | null> {
    const { clock, tell } = this.#deps;
    const read = readResultMessage(message.body, { address: null, now: clock.timestamp() });
    if ('error' in read) {
      tell(`a message ${read.error.reason}: it is left in the results queue`);
      if (read.error.isNewer) return this.#drop(message.release(newerDelayMs));
      message.forget();
      return null;
    }
    const { result, reason } = read.value;
    if (reason !== null) tell(`the message with the result of ${queueIdOf(result)} ${reason}`);
    const id = queueIdOf(result);
    if (this.#run !== null && result.run !== this.#run) return this.#drop(message.release(foreignDelayMs));
    if (this.#done.has(id)) return this.#drop(message.delete());
    if (this.#held.get(id)?.isHeld() === true) return this.#drop(message.release(this.#timing.visibilityMs));
    this.#held.set(id, message);
    const ack = async (): Promise<void> => {
      this.#done.add(id);
      await message.delete();
      this.#held.delete(id);
    };
    return { result, ack };
  }

  /** A failed return is ignored: the message reappears by itself, and the others must reach their reader. */
  async #drop(how: Promise<boolean>): Promise<null> {
    try {
      await how;
    } catch (error) {
      if (!(error instanceof QueueUnavailableError)) throw error;
    }
    return null;
  }
}

/**
 * The results queue in SQS. With a side store the first result of a task is stored there, then sent, then marked as
 * delivered, so that after a crash the same result is sent again and no other. Without one, every result is sent and
 * readers remove duplicates.
 */
export class SqsResultQueue implements ResultQueue {
  readonly #timing: VisibilityTiming;
  readonly #deps: SqsTaskQueueDeps;
  readonly #queue: SqsQueue;

  constructor(address: SqsAddress, timing: VisibilityTiming, deps: SqsTaskQueueDeps) {
    this.#timing = timing;
    this.#deps = deps;
    this.#queue = new SqsQueue(address, deps);
  }

  async push(result: TaskResult): Promise<'first' | 'duplicate'> {
    const { state } = this.#deps;
    const id = queueIdOf(result);
    const text = encodeMessage(messageOf(result));
    const { isFirst, standing } = (await state?.claimResult(id, text)) ?? { isFirst: true, standing: text };
    if (standing !== null) await this.#deliver(id, standing);
    return isFirst ? 'first' : 'duplicate';
  }

  async isFinished(task: TaskAddress): Promise<boolean> {
    const id = queueIdOf(task);
    const standing = await this.#deps.state?.standingResult(id);
    if (standing === undefined) return false;
    if (standing !== null) await this.#deliver(id, standing);
    return true;
  }

  reader(run: string | null): ResultReader {
    const { clock, notify } = this.#deps;
    const told = new Set<string>();
    const tell = (message: string): void => {
      if (told.has(message)) return;
      told.add(message);
      notify?.(message);
    };
    return new SqsResultReader(run, this.#timing, { queue: this.#queue, clock, tell });
  }

  async depth(): Promise<ResultDepth> {
    const { waiting, inFlight } = await this.#queue.counts();
    return { waiting, inFlight };
  }

  async close(): Promise<void> {
    this.#queue.close();
  }

  async #deliver(id: string, text: string): Promise<void> {
    await this.#queue.send(text);
    await this.#deps.state?.recordDelivered(id);
  }
}
