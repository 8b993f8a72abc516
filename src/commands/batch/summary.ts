import { exitCodes } from '../../cli/exit-codes.ts';
import type { BatchReport } from '../../core/batch/batch-report.ts';
import type { StopReason } from '../../core/batch/stop-rules.ts';
import type { FailureReason } from '../../domain/outcome.ts';
import type { RowCounts } from './open-batch-run.ts';

export interface BatchSummary {
  readonly report: BatchReport;
  /** Rows of the output, including earlier runs. */
  readonly rows: RowCounts;
  /** Invalid rows. */
  readonly bad: number;
  /** Empty rows that were read. */
  readonly empty: number;
  /** Output rows whose task is no longer in the input; 0 if the input was not read completely. */
  readonly orphanRows: number;
  /** Why the run stopped before its end, or null. */
  readonly reason: StopReason | null;
  /** Details about the reason. */
  readonly message: string | null;
  /** Tasks without a row; null if not known. */
  readonly left: number | null;
  /** Submissions of this run, except those refused for lack of a thread. */
  readonly submissionCount: number;
  /** HTTP requests of this run. */
  readonly requestCount: number;
  readonly elapsedMs: number;
  /** The output file; null for standard output. */
  readonly output: string | null;
  /** Finished tasks that were not begun again, since their inputs serve one submission only; by name, with how many tasks each. */
  readonly usedUp: Readonly<Record<string, number>>;
}

const stopped: Record<StopReason, number | null> = {
  interrupted: exitCodes.interrupted,
  account: exitCodes.account,
  config: exitCodes.usage,
  local: exitCodes.localIo,
  'max-failures': exitCodes.notAllSolved,
  'max-submissions': exitCodes.unavailable,
  'max-duration': exitCodes.unavailable,
  limit: null,
  input: exitCodes.notAllSolved,
  'input-io': exitCodes.localIo,
  failure: exitCodes.bug,
};

/**
 * What a failed task may come to when it is tried again. `transient`: the service or the run was at fault. `final`: the
 * task is wrong or forbidden, and fails again. `open`: a person or another try may help.
 */
const prospects: Record<FailureReason, 'transient' | 'open' | 'final'> = {
  'attempts-exhausted': 'transient',
  'budget-exhausted': 'transient',
  'breaker-open': 'transient',
  held: 'transient',
  'limit-reached': 'transient',
  'deadline-exceeded': 'transient',
  'no-healthy-region': 'transient',
  unsolvable: 'open',
  'in-doubt': 'open',
  account: 'open',
  config: 'open',
  local: 'open',
  cancelled: 'open',
  rejected: 'final',
  'policy-denied': 'final',
};

/** A row of another version may have a reason that is not known here. */
const prospectsByText = new Map<string, string>(Object.entries(prospects));
const isTransient = (reason: string): boolean => prospectsByText.get(reason) === 'transient';
/** Whether a task that failed for this reason fails however often it is tried. */
export const isFinal = (reason: string): boolean => prospectsByText.get(reason) === 'final';

/** The exit code of a batch: why it stopped early, else what became of its tasks, in whichever run they ended. */
export function exitCodeOfBatch({ rows, bad, reason }: Pick<BatchSummary, 'rows' | 'bad' | 'reason'>): number {
  const early = reason === null ? null : stopped[reason];
  if (early !== null) return early;
  if (rows.failed === 0) return bad > 0 ? exitCodes.notAllSolved : exitCodes.done;
  const allPassing = bad === 0 && Object.keys(rows.byReason).every(isTransient);
  return allPassing ? exitCodes.unavailable : exitCodes.notAllSolved;
}
