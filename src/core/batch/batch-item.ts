import type { Outcome } from '../../domain/outcome.ts';
import type { Task } from '../../domain/task.ts';

/** One task of a batch. */
export interface BatchItem {
  /** Names the task in the journal. */
  readonly key: string;
  readonly task: Task;
  /** Lower ones first, within the look-ahead. */
  readonly priority: number;
  /** The columns of its input, in their order, as written. */
  readonly values: Readonly<Record<string, string>>;
}

/** How a task of a batch ended, in this run and the earlier ones together. */
export interface BatchResult {
  readonly item: BatchItem;
  readonly outcome: Outcome;
  /** Submissions, those of earlier runs included. */
  readonly attemptCount: number;
  readonly possiblyCharged: boolean;
  /** True where the solution was no longer usable when its row was written. */
  readonly expired: boolean;
}

/** Where finished rows go. Rejects with a system error where they cannot be written. */
export interface RowSink {
  write(values: Readonly<Record<string, string>>): Promise<void>;
}
