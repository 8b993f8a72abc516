import type { BatchResult } from '../../core/batch/batch-item.ts';
import type { SolvePlan } from '../../core/batch/batch-plan.ts';
import type { ConcurrencyLimit } from '../../core/batch/concurrency-limit.ts';
import type { ItemWork } from '../../core/batch/solve-item.ts';
import type { StopRules } from '../../core/batch/stop-rules.ts';
import type { SolverEvent } from '../../domain/events.ts';
import type { Session } from '../context.ts';
import type { BatchSummary } from './batch-exit-code.ts';
import type { OpenBatchJournal } from './batch-files.ts';

/** What a run has that ways of solving its tasks need. */
export interface WayParts {
  readonly session: Session;
  readonly journal: OpenBatchJournal;
  readonly limit: ConcurrencyLimit;
  readonly rules: StopRules;
  readonly emit: (event: SolverEvent) => void;
}

/** A way of getting the tasks of a batch solved: here, or by the workers of their regions. */
export interface Way {
  /** Null where the task stays open. */
  solve(work: ItemWork<SolvePlan>): Promise<BatchResult | null>;
  /** The row of the task is in the journal. */
  recordRow(result: BatchResult): void;
  counts(): Pick<BatchSummary, 'submissionCount' | 'requestCount' | 'polledAlone'>;
  /** Ends what was started. After an error nobody waits for what is under way. */
  close(hasFailed: boolean): Promise<void>;
}
