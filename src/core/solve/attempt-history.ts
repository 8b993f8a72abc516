import type { Fault } from '../../domain/fault.ts';
import type { Attempt, GaveUp, FailureReason, Solved } from '../../domain/outcome.ts';
import type { Task } from '../../domain/task.ts';
import type { PollSuccess } from './poller.ts';

/** The attempts of a task so far. */
export interface AttemptHistory {
  readonly task: Task;
  readonly attempts: readonly Attempt[];
  readonly durationMs: number;
}

export interface FailureCause {
  readonly reason: FailureReason;
  readonly retryInMs: number | null;
  /** The inputs that the latest submission used up, by name; left out if there are none. */
  readonly usedUp?: readonly string[];
  /** What is known about the reason beyond the task, for its message; left out if there is none. */
  readonly evidence?: string;
  /** The code of the answers that did not count as attempts; left out for none. */
  readonly code?: string | null;
  /** The latest fault of other tasks of this process, for a task without a fault. */
  readonly lastFault?: Fault | null;
}

const sentences: Record<FailureReason, string> = {
  rejected: 'the service rejected the task',
  account: 'account error',
  config: 'the service cannot be reached as configured',
  local: 'a limit of this machine was reached',
  unsolvable: 'the CAPTCHA could not be solved',
  'attempts-exhausted': 'all attempts failed',
  'budget-exhausted': 'no retry token left',
  'breaker-open': 'the circuit breaker is open',
  held: 'nothing may be submitted now',
  'limit-reached': 'no more submissions are allowed now',
  'deadline-exceeded': 'the deadline passed',
  'no-healthy-region': 'no healthy region',
  'policy-denied': 'the policy does not allow this page',
  'in-doubt': 'submission outcome unknown; not resubmitted (--leave-in-doubt)',
  cancelled: 'interrupted',
};

const isPossiblyCharged = (attempts: readonly Attempt[]): boolean =>
  attempts.some(({ possiblyCharged }) => possiblyCharged);

/** The id that may still be solved: an accepted one, unless the service said that it gave it up; null for none. */
export function liveIdOf(attempt: Attempt | undefined): string | null {
  return attempt === undefined || attempt.fault?.kind === 'unsolvable' ? null : attempt.captchaId;
}

/** Names the inputs, never their values. */
function freshInputsAsked(usedUp: readonly string[]): string {
  if (usedUp.length === 0) return '';
  const [are, ones] = usedUp.length === 1 ? ['is', 'a fresh one'] : ['are', 'fresh ones'];
  return ` ${usedUp.join(' and ')} ${are} used up by one submission, so the task is not submitted again: fetch ${ones} from the page.`;
}

/** The ids that the service accepted and no longer knows, in the order of their attempts. */
export function forgottenIds(attempts: readonly Attempt[]): readonly string[] {
  return attempts.flatMap(({ possiblyCharged, captchaId }) => (possiblyCharged && captchaId !== null ? captchaId : []));
}

function forgottenText(ids: readonly string[]): string {
  const list = ids.join(', ');
  return ids.length === 1
    ? `the service accepted a submission and forgot its id (${list}): it may have been charged`
    : `the service accepted ${ids.length} submissions and forgot their ids (${list}): ${ids.length === 2 ? 'both' : 'all'} may have been charged`;
}

function unsolvableText(attempts: readonly Attempt[], usedUp: readonly string[]): string {
  const last = attempts.at(-1);
  const answer = last?.fault?.message ?? '';
  if (last !== undefined && last.possiblyCharged)
    return `${forgottenText(forgottenIds(attempts))}; last answer: ${answer}`;
  const given = attempts.filter(({ fault }) => fault?.kind === 'unsolvable').length;
  return given > 1
    ? `given up after ${attempts.length} submissions: probably unsolvable as sent (retry.maxUnsolvable); last answer: ${answer}`
    : `${sentences.unsolvable}: ${answer}${freshInputsAsked(usedUp)}`;
}

/** Why a task was given up, in a sentence. */
function messageOf(
  attempts: readonly Attempt[],
  { reason, usedUp = [], evidence, lastFault = null }: FailureCause,
): string {
  const own = attempts.at(-1)?.fault ?? null;
  const isPaid = liveIdOf(attempts.at(-1)) !== null;
  if (reason === 'unsolvable' && own !== null) return unsolvableText(attempts, usedUp);
  // The fault of a task whose id is alive says that it ran out of time, and names the id.
  if (reason === 'deadline-exceeded' && own !== null && isPaid) return own.message;
  const isTooLate = reason === 'deadline-exceeded' && own !== null;
  const sentence = isTooLate ? 'not enough time left before the deadline for another attempt' : sentences[reason];
  const known = evidence === undefined ? sentence : `${sentence} (${evidence})`;
  if (reason === 'held' || reason === 'limit-reached') return known;
  return withLastFault(known, { own, lastFault, reason, isTooLate });
}

interface LastFaults {
  readonly own: Fault | null;
  /** The last fault of any task. */
  readonly lastFault: Fault | null;
  readonly reason: FailureCause['reason'];
  readonly isTooLate: boolean;
}

function withLastFault(known: string, { own, lastFault, reason, isTooLate }: LastFaults): string {
  const isAboutOthers = reason === 'budget-exhausted' || reason === 'breaker-open';
  const fault = own ?? (isAboutOthers ? lastFault : null);
  if (fault === null) return known;
  return isAboutOthers || isTooLate ? `${known}; last fault: ${fault.message}` : `${known}: ${fault.message}`;
}

/** The outcome of a task that was given up. */
export function gaveUp({ task, attempts, durationMs }: AttemptHistory, why: FailureCause): GaveUp {
  const last = attempts.at(-1);
  return {
    status: 'failed',
    taskId: task.taskId,
    region: task.region,
    attempts,
    durationMs,
    possiblyCharged: isPossiblyCharged(attempts),
    reason: why.reason,
    code: last?.fault?.code ?? why.code ?? null,
    message: messageOf(attempts, why),
    retryInMs: why.retryInMs,
    captchaId: liveIdOf(last),
    submittedAt: last?.submittedAt ?? null,
  };
}

export interface Answer extends Pick<PollSuccess, 'solution' | 'solvedAt'> {
  /** Lifetime of the solution, in ms; null if it never expires. */
  readonly lifetimeMs: number | null;
}

/** The outcome of a task whose latest attempt was solved. */
export function solved(
  { task, attempts, durationMs }: AttemptHistory,
  { solution, solvedAt, lifetimeMs }: Answer,
): Solved {
  const last = attempts.at(-1);
  return {
    status: 'solved',
    taskId: task.taskId,
    region: task.region,
    attempts,
    durationMs,
    possiblyCharged: isPossiblyCharged(attempts),
    solution,
    captchaId: last?.captchaId ?? null,
    submittedAt: last?.submittedAt ?? null,
    solvedAt,
    expiresAt: lifetimeMs === null ? null : solvedAt + lifetimeMs,
  };
}
