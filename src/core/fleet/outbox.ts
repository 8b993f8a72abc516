import type { QueuedTask } from '../../domain/queued-task.ts';
import type { TaskQueue } from '../../ports/task-queue.ts';

interface Letter {
  readonly queued: QueuedTask;
  readonly onSent: () => void;
  readonly onFailed: (error: unknown) => void;
}

/** Engines take so many at once without holding others up. */
const mostAtOnce = 1_000;

/** Sends tasks to one queue: what comes while the last lot is on its way goes together. */
export class Outbox {
  readonly #queue: Pick<TaskQueue, 'send'>;
  #waiting: Letter[] = [];
  #isSending = false;

  constructor(queue: Pick<TaskQueue, 'send'>) {
    this.#queue = queue;
  }

  /** Resolves when the task is in the queue; rejects where it may or may not be. */
  send(queued: QueuedTask): Promise<void> {
    const sent = new Promise<void>((onSent, onFailed) => this.#waiting.push({ queued, onSent, onFailed }));
    if (!this.#isSending) void this.#sendAll();
    return sent;
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    // One turn, so that tasks which are begun together go together.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#sendLot(this.#waiting.splice(0, mostAtOnce));
    this.#isSending = false;
  }

  async #sendLot(lot: readonly Letter[]): Promise<void> {
    try {
      await this.#queue.send(lot.map(({ queued }) => queued));
      for (const { onSent } of lot) onSent();
    } catch (error) {
      for (const { onFailed } of lot) onFailed(error);
    }
  }
}
