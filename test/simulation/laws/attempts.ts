import type { Call, Course } from '../ledger.ts';
import type { Simulated } from '../simulate.ts';
import { before, isFailedTrial, retriesOf, submissionsOf } from './submissions.ts';

function isReason({ type, fault, captchaId }: Call): boolean {
  if (fault === null || fault.kind === 'account') return false;
  if (captchaId !== null || type === 'poll') return type === 'poll' && fault.kind === 'unsolvable';
  return fault.kind !== 'rejected' || fault.maxResubmissions !== null;
}

/** The attempts that a task has: with `wait` those that it makes for all do not count. */
function mostRetries(course: Course): number {
  const { limits, onExhausted } = course.options;
  const trials = onExhausted === 'wait' ? submissionsOf(course).filter(isFailedTrial).length : 0;
  return limits.maxAttempts - 1 + trials;
}

/** After a final answer, a solution, or an id that may be alive there is no further submission, nor too many of them. */
export function* retriesWithReason({ ledger }: Simulated): Iterable<string> {
  for (const course of ledger.courses) {
    for (const submission of submissionsOf(course)) {
      const reason = before(submission);
      if (reason !== null && !isReason(reason))
        yield `${course.process} submits ${course.taskId} at ${submission.sentMs} ms`;
    }
    const { length } = retriesOf(course);
    if (length > mostRetries(course)) yield `${course.process} retries ${course.taskId} ${length} times`;
  }
}
