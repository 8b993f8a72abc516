import type { OpenBatchJournal } from '../../cli/batch-files.ts';
import type { Context, SolveSession } from '../../cli/context.ts';
import type { BatchResult, SolvePlan } from '../../core/batch/batch-plan.ts';
import type { ConcurrencyLimit } from '../../core/batch/concurrency-limit.ts';
import { type ItemWork, solveItem } from '../../core/batch/solve-item.ts';
import type { StopRules } from '../../core/batch/stop-rules.ts';
import type { SolverEvent } from '../../domain/events.ts';
import type { BatchSummary } from './summary.ts';

/** What a run has that ways of solving its tasks need. */
export interface ExecutorDeps {
  readonly session: SolveSession;
  readonly journal: OpenBatchJournal;
  readonly limit: ConcurrencyLimit;
  readonly rules: StopRules;
  readonly emit: (event: SolverEvent) => void;
}

/** A way of getting the tasks of a batch solved: here, or by the workers of their regions. */
export interface TaskExecutor {
  /** Null where the task stays open. */
  solve(work: ItemWork<SolvePlan>): Promise<BatchResult | null>;
  /** The row of the task is in the journal. */
  recordRow(result: BatchResult): void;
  counts(): Pick<BatchSummary, 'submissionCount' | 'requestCount'>;
  /** Stops everything that was started. After an error it does not wait for running tasks. */
  close(hasFailed: boolean): Promise<void>;
}

/** Every task is solved by this process. */
export function solveHere({ session, journal, rules, emit }: ExecutorDeps, context: Context): TaskExecutor {
  const left = new AbortController();
  const onExhausted = session.config.budget.onExhausted === 'fail' ? 'fail' : 'pause';
  const solver = session.solver(emit, { onExhausted, left: left.signal });
  const deps = { solver, journal, rules, clock: context.clock };
  return {
    solve: (work) => solveItem(work, deps),
    recordRow: () => undefined,
    counts: () => ({
      submissionCount: rules.submissionCount,
      requestCount: session.requestCount(),
    }),
    close: async (hasFailed) => {
      if (hasFailed) left.abort();
    },
  };
}
