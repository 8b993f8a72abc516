import type { Call, TaskRun } from '../ledger.ts';

export const submissionsOf = ({ calls }: TaskRun): Call[] => calls.filter(({ type }) => type === 'submit');

/** The last answer that the task saw before a call; null for its first call. */
export function before(call: Call): Call | null {
  return call.taskRun.calls[call.taskRun.calls.indexOf(call) - 1] ?? null;
}

/** True if nothing was accepted and all callers that wait for the breaker know more. */
export function isFailedTrial({ pass, fault }: Call): boolean {
  const isDown = fault?.kind === 'transport' || fault?.kind === 'timeout';
  return isDown && !fault.answerLost && pass?.isTrial === true;
}

/** True if a task with this answer may submit again without a token: nothing was accepted. */
function isFreeOfCharge(call: Call): boolean {
  const { type, taskRun, pass, fault } = call;
  if (type === 'poll' || fault === null) return false;
  if (fault.threadsFull) return true;
  return isFailedTrial(call) && pass?.isProbe === true && taskRun.options.onExhausted === 'pause';
}

/** A submission that must have drawn a token, and the earliest time of that. */
export interface Retry {
  readonly submission: Call;
  readonly reasonMs: number;
}

/** The submissions of a task run that must have drawn a token. */
export function retriesOf(taskRun: TaskRun): Retry[] {
  return submissionsOf(taskRun).flatMap((submission) => {
    const reason = before(submission);
    if (reason === null || isFreeOfCharge(reason)) return [];
    return [{ submission, reasonMs: reason.endedMs ?? reason.sentMs }];
  });
}
