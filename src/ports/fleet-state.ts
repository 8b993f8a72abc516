import type { OpenProgress } from '../domain/queued-task.ts';

/** What a queue cannot keep whose messages never change: how far tasks are and which of them have their result. By queue id. */
export interface FleetState {
  /** Those of the ids that were not recorded as sent. */
  unsent(queue: string, ids: readonly string[]): Promise<ReadonlySet<string>>;
  recordSent(queue: string, ids: readonly string[]): Promise<void>;
  /** The task was taken from the queue, to which it may be sent again. */
  forgetSent(queue: string, id: string): Promise<void>;
  /** Makes `holder` the one who may save, and answers how far the task is; null where nothing was saved. */
  begin(id: string, holder: string): Promise<OpenProgress | null>;
  /** False where somebody else has begun since, whose progress stays. */
  save(id: string, holder: string, progress: OpenProgress): Promise<boolean>;
  /** Keeps the result until it was delivered, unless the task has one. Answers the one that stands; null once delivered. */
  claimResult(id: string, result: string): Promise<{ readonly isFirst: boolean; readonly standing: string | null }>;
  /** The result that stands: its text, null once delivered, undefined where there is none. */
  standingResult(id: string): Promise<string | null | undefined>;
  recordDelivered(id: string): Promise<void>;
  close(): Promise<void>;
}
