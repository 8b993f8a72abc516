import type { Call, TaskRun } from '../ledger.ts';
import type { Simulated } from '../simulate.ts';

/** Sums of fractional milliseconds. */
const rounding = 1e-6;

/** The own time of a pausing task stops while it waits for others, so its deadline is unknown here. */
const pauses = ({ options }: TaskRun): boolean => options.onExhausted === 'pause';

/** A pausing task gets the longest wait that `Retry-After` may cost, and may wait less: up to a fifth, or 5 s. */
function grantedJitterMs({ calls }: TaskRun): number {
  return calls.reduce((sum, { fault }) => sum + Math.min(5_000, (fault?.retryAfterMs ?? 0) * 0.2), 0);
}

function isLate({ taskRun, sentMs, timeLeftMs }: Call): boolean {
  const { startedMs, options } = taskRun;
  // Without time left the client sends nothing: a timer was late, or the disk slow.
  if (timeLeftMs <= 0) return false;
  if (pauses(taskRun)) return timeLeftMs > options.timeoutMs + grantedJitterMs(taskRun) + rounding;
  return Math.abs(sentMs + timeLeftMs - startedMs - options.timeoutMs) > rounding;
}

/** Calls are limited by the time until the deadline: the client ends them there. */
export function* callsInTime({ ledger }: Simulated): Iterable<string> {
  for (const call of ledger.calls.filter(isLate)) {
    yield `${call.taskRun.process} ${call.type} ${call.taskRun.taskId} at ${call.sentMs} ms with ${call.timeLeftMs} ms left`;
  }
  // The time for an id does not pause.
  for (const taskRun of ledger.taskRuns) {
    const { calls, options } = taskRun;
    const mostMs = options.timeoutMs + (pauses(taskRun) ? grantedJitterMs(taskRun) : 0) + rounding;
    const accepted = calls.findLast(({ type, captchaId }) => type === 'submit' && captchaId !== null);
    const late = calls.find(
      ({ type, sentMs, timeLeftMs }) =>
        type === 'poll' && timeLeftMs > 0 && sentMs > (accepted?.sentMs ?? Infinity) + mostMs,
    );
    if (late !== undefined) yield `${late.captchaId ?? ''} is polled at ${late.sentMs} ms, too late`;
  }
}

/** Requests to budget and breaker take time, and timers are late; nothing else may delay an outcome. */
export function* endsInTime({ ledger, schedule }: Simulated): Iterable<string> {
  const { lagMs, protection, batches } = { ...schedule };
  const slackMs = 4 * (lagMs + protection.answerMs + Math.max(0, ...batches.map(({ disk }) => 2 * disk.syncMs))) + 1;
  for (const taskRun of ledger.taskRuns) {
    const { endedMs, startedMs, options, taskId, process } = taskRun;
    if (endedMs === null || pauses(taskRun)) continue;
    if (endedMs > startedMs + options.timeoutMs + slackMs) yield `${process} ends ${taskId} at ${endedMs} ms`;
  }
}

/** Submissions admitted before the stop are sent, and no others. */
export function* submitsNothingOnceStopped({ ledger, batches }: Simulated): Iterable<string> {
  for (const { process, interruptedMs } of batches.flatMap(({ lived }) => lived)) {
    const late = ledger.calls.find(
      ({ type, taskRun, pass }) =>
        type === 'submit' && taskRun.process === process && (pass?.takenMs ?? 0) > (interruptedMs ?? Infinity),
    );
    if (late !== undefined) yield `${process} submits ${late.taskRun.taskId} at ${late.sentMs} ms`;
  }
}
