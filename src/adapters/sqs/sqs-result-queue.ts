import { queueIdOf, type TaskAddress } from '../../domain/queued-task.ts';
import type { TaskResult } from '../../domain/task-result.ts';
import type { ResultDepth, ResultQueue, ResultReader } from '../../ports/result-queue.ts';
import type { HoldTiming } from './held-message.ts';
import { encodeMessage } from './message-text.ts';
import type { SqsAddress } from './sqs-address.ts';
import { SqsQueue } from './sqs-queue.ts';
import { SqsResultReader } from './sqs-result-reader.ts';
import type { SqsTaskQueueDeps } from './sqs-task-queue.ts';

/**
 * The results in SQS. With a side store the first result of a task is written there, then sent, then ticked off, so that
 * whoever comes after a crash sends that one and no other; without it every result is sent, and readers remove duplicates.
 */
export class SqsResultQueue implements ResultQueue {
  readonly #timing: HoldTiming;
  readonly #deps: SqsTaskQueueDeps;
  readonly #queue: SqsQueue;

  constructor(address: SqsAddress, timing: HoldTiming, deps: SqsTaskQueueDeps) {
    this.#timing = timing;
    this.#deps = deps;
    this.#queue = new SqsQueue(address, deps);
  }

  async push(result: TaskResult): Promise<'first' | 'duplicate'> {
    const { state } = this.#deps;
    const id = queueIdOf(result);
    const text = encodeMessage(result);
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
    return new SqsResultReader(run, this.#timing, { queue: this.#queue, clock: this.#deps.clock });
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
