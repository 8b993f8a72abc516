import type { Message } from '@aws-sdk/client-sqs';
import { UsageError } from '../../../domain/errors.ts';
import { type QueuedTask, queueIdOf } from '../../../domain/queued-task.ts';
import type { DeadTask } from '../../../ports/queues.ts';
import type { Clock } from '../../../ports/system.ts';
import { encodeMessage, SqsQueue } from './sqs-queue.ts';

/** Visibility timeout of an inspection in seconds; short, so that other readers soon see the messages again. */
const lookS = 10;
const requeueS = 60;
/** A short poll asks only some servers; a long poll asks all of them. */
const lookMs = 1_000;
const maxPerLook = 10;

type DeadLetterBody = QueuedTask & { readonly dead?: Omit<DeadTask, 'queued'> };

interface Parsed {
  readonly handle: string;
  readonly dead: DeadTask;
}

function parseAnswer({ Body = '{}', ReceiptHandle = '', Attributes }: Message): Parsed {
  const { dead, ...queued } = JSON.parse(Body) as DeadLetterBody;
  const unexplained = { reason: null, deliveries: Number(Attributes?.ApproximateReceiveCount ?? 1) };
  return { handle: ReceiptHandle, dead: { queued, ...(dead ?? unexplained) } };
}

/**
 * The dead-letter queue of a queue: for messages that SQS delivered too often, and for tasks that a worker gives up.
 */
export class DeadLetters {
  readonly #source: SqsQueue;
  readonly #clock: Clock;
  #queue: SqsQueue | null = null;

  constructor(source: SqsQueue, { clock }: { clock: Clock }) {
    this.#source = source;
    this.#clock = clock;
  }

  /** Throws `UsageError` if the queue has no dead-letter queue. */
  async add({ queued, ...dead }: DeadTask): Promise<void> {
    const queue = await this.#open();
    const { name, region } = this.#source.address;
    if (queue === null) {
      const fix = 'Add a redrive policy (see deploy/terraform).';
      throw new UsageError(`sqs://${name} in ${region} has no dead-letter queue`, fix);
    }
    await queue.send(encodeMessage({ ...queued, dead }));
  }

  /** The number of dead letters; null if the queue has no dead-letter queue. */
  async count(): Promise<number | null> {
    const counts = await (await this.#open())?.counts();
    return counts === undefined ? null : counts.waiting + counts.inFlight;
  }

  async list(most: number): Promise<readonly DeadTask[]> {
    const queue = await this.#open();
    if (queue === null) return [];
    const parsed = await this.#pickAll(queue, { most, seconds: lookS, isEnough: () => false });
    await Promise.all(parsed.map(({ handle }) => queue.hold(handle, 0)));
    return parsed.map(({ dead }) => dead);
  }

  /**
   * Moves the dead letters with these ids, or all, back to their queue: they are sent there before they are deleted
   * here.
   */
  async requeue(ids: readonly string[] | null): Promise<number> {
    const queue = await this.#open();
    if (queue === null) return 0;
    const wanted = ids === null ? null : new Set(ids);
    const isWanted = ({ dead }: Parsed): boolean => wanted === null || wanted.has(queueIdOf(dead.queued));
    const isEnough = (all: readonly Parsed[]): boolean => all.filter(isWanted).length === wanted?.size;
    const parsed = await this.#pickAll(queue, { most: Infinity, seconds: requeueS, isEnough });
    const moving = parsed.filter(isWanted).map(async ({ handle, dead }) => {
      await this.#source.send(encodeMessage(dead.queued));
      await queue.delete(handle);
    });
    const leaving = parsed.filter((each) => !isWanted(each)).map(({ handle }) => queue.hold(handle, 0));
    await Promise.all([...moving, ...leaving]);
    return moving.length;
  }

  close(): void {
    this.#queue?.close();
  }

  async #pickAll(
    queue: SqsQueue,
    { most, seconds, isEnough }: { most: number; seconds: number; isEnough: (all: readonly Parsed[]) => boolean },
  ): Promise<readonly Parsed[]> {
    const parsed: Parsed[] = [];
    const { signal } = new AbortController();
    while (parsed.length < most && !isEnough(parsed)) {
      const room = Math.min(maxPerLook, most - parsed.length);
      const messages = await queue.receive(room, { waitMs: lookMs, visibilityS: seconds, signal });
      if (messages.length === 0) break;
      parsed.push(...messages.map(parseAnswer));
    }
    return parsed;
  }

  async #open(): Promise<SqsQueue | null> {
    if (this.#queue !== null) return this.#queue;
    const { deadLetterArn } = await this.#source.counts();
    const name = deadLetterArn?.split(':').at(-1);
    if (name === undefined) return null;
    this.#queue ??= new SqsQueue({ ...this.#source.address, name }, { clock: this.#clock });
    return this.#queue;
  }
}
