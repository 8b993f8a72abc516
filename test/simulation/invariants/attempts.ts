import type { Call, TaskRun } from '../ledger.ts';
import type { Simulated } from '../simulate.ts';
import { before, isFailedTrial, retriesOf, submissionsOf } from './submissions.ts';

function isReason({ type, fault, captchaId }: Call): boolean {
  if (fault === null || fault.kind === 'account') return false;
  if (captchaId !== null || type === 'poll') return type === 'poll' && fault.kind === 'unsolvable';
  return fault.kind !== 'rejected' || fault.maxResubmissions !== null;
}

/** The attempts of a task; with `wait`, those that it makes for all tasks do not count. */
function mostRetries(taskRun: TaskRun): number {
  const { limits, onExhausted } = taskRun.options;
  const trials = onExhausted === 'wait' ? submissionsOf(taskRun).filter(isFailedTrial).length : 0;
  return limits.maxAttempts - 1 + trials;
}

/**
 * No further submission follows a final answer, a solution, or an id that may be alive, and their number is limited.
 */
export function* retriesWithReason({ ledger }: Simulated): Iterable<string> {
  for (const taskRun of ledger.taskRuns) {
    for (const submission of submissionsOf(taskRun)) {
      const reason = before(submission);
      if (reason !== null && !isReason(reason))
        yield `${taskRun.process} submits ${taskRun.taskId} at ${submission.sentMs} ms`;
    }
    const { length } = retriesOf(taskRun);
    if (length > mostRetries(taskRun)) yield `${taskRun.process} retries ${taskRun.taskId} ${length} times`;
  }
}
