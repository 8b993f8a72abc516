import type { Message } from '@aws-sdk/client-sqs';
import { UsageError } from '../../../domain/errors.ts';
import { type QueuedTask, queueIdOf } from '../../../domain/queued-task.ts';
import type { DeadTask } from '../../../ports/queues.ts';
import type { Clock } from '../../../ports/system.ts';
import { messageOf, readTaskMessage } from '../../../protocol/queue-messages.ts';
import { encodeMessage, reasonAttribute, SqsQueue } from './sqs-queue.ts';

/** Visibility timeout of an inspection in seconds; it is cut short at its end. */
const lookS = 30;
const requeueS = 60;
/** A short poll asks only some servers; a long poll asks all of them. */
const lookMs = 1_000;
const maxPerLook = 10;
/** Messages that reappear during a long inspection: after this many polls with nothing else it has seen all. */
const maxRepeats = 3;
/** A dispatcher looks for its tasks among this many dead letters. */
const maxSearched = 10_000;

interface DeadFacts {
  readonly reason: string | null;
  readonly deliveries: number;
}

function isFacts(value: unknown): value is DeadFacts {
  const { reason, deliveries } = (value ?? {}) as Partial<DeadFacts>;
  return (reason === null || typeof reason === 'string') && typeof deliveries === 'number';
}

/** Any program can write into the queue, and SQS moves what it wrote here. */
function deadTaskOf({ Body = '', MessageId = '', Attributes, MessageAttributes }: Message): DeadTask {
  const deliveries = Number(Attributes?.ApproximateReceiveCount ?? 1);
  const read = readTaskMessage(Body);
  if ('error' in read) {
    const reason = MessageAttributes?.[reasonAttribute]?.StringValue ?? `the message ${read.error.reason}`;
    return { id: MessageId, queued: null, reason, deliveries };
  }
  const { dead, ...queued } = read.value as QueuedTask & { readonly dead?: unknown };
  const { reason, ...counted } = isFacts(dead) ? dead : { reason: null, deliveries };
  return { id: queueIdOf(queued), queued, reason, deliveries: counted.deliveries };
}

/** A dead letter that is hidden from others until `handle` is released. */
interface Letter {
  readonly handle: string;
  readonly dead: DeadTask;
}

/** One inspection: every dead letter once. */
class Inspection {
  readonly #queue: SqsQueue;
  readonly #seconds: number;
  /** The latest handle of each message; null once it was deleted. */
  readonly #handles = new Map<string, string | null>();

  constructor(queue: SqsQueue, seconds: number) {
    this.#queue = queue;
    this.#seconds = seconds;
  }

  async *letters(): AsyncGenerator<readonly Letter[]> {
    const { signal } = new AbortController();
    const request = { waitMs: lookMs, visibilityS: this.#seconds, signal };
    for (let repeats = 0; repeats < maxRepeats;) {
      const messages = await this.#queue.receive(maxPerLook, request);
      if (messages.length === 0) return;
      const fresh = messages.filter(({ MessageId = '' }) => !this.#handles.has(MessageId));
      repeats = fresh.length === 0 ? repeats + 1 : 0;
      for (const { MessageId = '', ReceiptHandle = '' } of messages) this.#handles.set(MessageId, ReceiptHandle);
      if (fresh.length > 0)
        yield fresh.map((message) => ({ handle: message.ReceiptHandle ?? '', dead: deadTaskOf(message) }));
    }
  }

  async delete({ handle }: Letter): Promise<void> {
    await this.#queue.delete(handle);
    for (const [id, known] of this.#handles) if (known === handle) this.#handles.set(id, null);
  }

  async end(): Promise<void> {
    const held = [...this.#handles.values()].filter((handle) => handle !== null);
    await Promise.allSettled(held.map((handle) => this.#queue.hold(handle, 0)));
  }
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
  async add(queued: QueuedTask, dead: DeadFacts): Promise<void> {
    await (await this.#required()).send(encodeMessage({ ...messageOf(queued), dead }));
  }

  /** A message that is no task, unchanged. Throws `UsageError` like `add`. */
  async addForeign(body: string, reason: string): Promise<void> {
    await (await this.#required()).send(body, { reason });
  }

  /** The number of dead letters; null if the queue has no dead-letter queue. */
  async count(): Promise<number | null> {
    const counts = await (await this.#open())?.counts();
    return counts === undefined ? null : counts.waiting + counts.inFlight;
  }

  list(most: number): Promise<readonly DeadTask[]> {
    return this.#collect({ most, isWanted: () => true, isEnough: (found) => found.length >= most });
  }

  find(ids: ReadonlySet<string>): Promise<readonly DeadTask[]> {
    const isWanted = ({ id }: DeadTask): boolean => ids.has(id);
    return this.#collect({ most: maxSearched, isWanted, isEnough: (found) => found.length >= ids.size });
  }

  /**
   * Moves the dead letters with these ids, or all, back to their queue: they are sent there before they are deleted
   * here.
   */
  async requeue(ids: readonly string[] | null): Promise<number> {
    const queue = await this.#open();
    if (queue === null) return 0;
    const left = ids === null ? null : new Set(ids);
    let count = 0;
    const inspection = new Inspection(queue, requeueS);
    const move = async (letter: Letter): Promise<void> => {
      const { id, queued } = letter.dead;
      if (queued === null || left?.has(id) === false) return;
      await this.#source.send(encodeMessage(messageOf(queued)));
      await inspection.delete(letter);
      left?.delete(id);
      count += 1;
    };
    try {
      for await (const letters of inspection.letters()) {
        await Promise.all(letters.map(move));
        if (left?.size === 0) break;
      }
      return count;
    } finally {
      await inspection.end();
    }
  }

  close(): void {
    this.#queue?.close();
  }

  async #collect({
    most,
    isWanted,
    isEnough,
  }: {
    most: number;
    isWanted: (dead: DeadTask) => boolean;
    isEnough: (found: readonly DeadTask[]) => boolean;
  }): Promise<readonly DeadTask[]> {
    const queue = await this.#open();
    if (queue === null || most <= 0) return [];
    const found: DeadTask[] = [];
    let seenCount = 0;
    const inspection = new Inspection(queue, lookS);
    try {
      for await (const letters of inspection.letters()) {
        seenCount += letters.length;
        found.push(...letters.map(({ dead }) => dead).filter(isWanted));
        if (isEnough(found) || seenCount >= most) break;
      }
      return found.slice(0, most);
    } finally {
      await inspection.end();
    }
  }

  async #required(): Promise<SqsQueue> {
    const queue = await this.#open();
    if (queue !== null) return queue;
    const { name, region } = this.#source.address;
    throw new UsageError(
      `sqs://${name} in ${region} has no dead-letter queue`,
      'Add a redrive policy (see deploy/terraform).',
    );
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
