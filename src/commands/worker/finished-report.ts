import { outcomeReport } from '../../cli/outcome-view.ts';
import { queueIdOf, type TaskResult } from '../../domain/queued-task.ts';

/** A finished task as `captcha worker --json` prints it. Its solution is in the results queue only: standard output is often a log. */
export function finishedReport(result: TaskResult, worker: string): object {
  const { outcome, homeRegion, attemptCount, possiblyCharged, run } = result;
  // JSON leaves out what is undefined.
  const secret = { solution: undefined, fields: undefined };
  return {
    ...{ type: 'finished', worker, run, queueId: queueIdOf(result) },
    ...{ ...outcomeReport(outcome), ...secret, homeRegion, attemptCount, possiblyCharged },
  };
}
