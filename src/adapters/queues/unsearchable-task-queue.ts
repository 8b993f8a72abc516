import type { QueuedTask, TaskAddress } from '../../domain/queued-task.ts';
import type { SendReport } from '../../ports/queues.ts';

/** What a task queue answers whose engine can neither find one task nor remember a run. */
export abstract class UnsearchableTaskQueue {
  abstract send(tasks: readonly QueuedTask[]): Promise<SendReport>;

  /** The engine forgets no lease: only a task that was never sent is new to it. */
  async bringBack(task: QueuedTask): Promise<boolean> {
    const { fresh, failed } = await this.send([task]);
    for (const error of failed.values()) throw error;
    return fresh.size === 1;
  }

  async noteRun(): Promise<void> {}

  async knowsRun(): Promise<boolean> {
    return true;
  }

  async holds(tasks: readonly TaskAddress[]): Promise<readonly null[]> {
    return tasks.map(() => null);
  }
}
