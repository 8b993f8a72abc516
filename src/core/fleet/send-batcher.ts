import type { QueuedTask } from '../../domain/queued-task.ts';
import type { TaskQueue } from '../../ports/queues.ts';

interface PendingSend {
  readonly queued: QueuedTask;
  readonly onSent: () => void;
  readonly onFailed: (error: unknown) => void;
}

/** Engines take so many at once without holding others up. */
const maxBatchSize = 1_000;

/** Sends tasks to one queue: what comes while the last lot is on its way goes together. */
export class SendBatcher {
  readonly #queue: Pick<TaskQueue, 'send'>;
  #waiting: PendingSend[] = [];
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
    while (this.#waiting.length > 0) await this.#sendLot(this.#waiting.splice(0, maxBatchSize));
    this.#isSending = false;
  }

  async #sendLot(lot: readonly PendingSend[]): Promise<void> {
    try {
      await this.#queue.send(lot.map(({ queued }) => queued));
      for (const { onSent } of lot) onSent();
    } catch (error) {
      for (const { onFailed } of lot) onFailed(error);
    }
  }
}
