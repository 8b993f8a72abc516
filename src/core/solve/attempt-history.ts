import type { Attempt, GaveUp, FailureReason, Solved } from '../../domain/outcome.ts';
import type { Task } from '../../domain/task.ts';
import type { PollSuccess } from './poller.ts';

/** What a task has been through so far. */
export interface AttemptHistory {
  readonly task: Task;
  readonly attempts: readonly Attempt[];
  readonly durationMs: number;
}

export interface FailureCause {
  readonly reason: FailureReason;
  readonly retryInMs: number | null;
  /** The inputs that the latest submission used up, by name; left out for none. */
  readonly usedUp?: readonly string[];
}

const sentences: Record<FailureReason, string> = {
  rejected: 'the service refused the task',
  account: 'the service refused the account',
  config: 'what answers is not the service',
  unsolvable: 'the CAPTCHA could not be solved',
  'attempts-exhausted': 'every attempt failed',
  'budget-exhausted': 'the retry budget is spent: too many retries for the work that gets done',
  'breaker-open': 'the service is unavailable and the circuit breaker holds submissions back',
  'deadline-exceeded': 'the time ran out',
  'no-healthy-region': 'no region is healthy',
  'policy-denied': 'the policy does not allow this page',
  'in-doubt': 'a submission whose answer was lost was left as it is',
  cancelled: 'cancelled',
};

const isPossiblyCharged = (attempts: readonly Attempt[]): boolean =>
  attempts.some(({ possiblyCharged }) => possiblyCharged);

/** The id that may still be solved: an accepted one, unless the service said that it gave it up; null for none. */
export function liveIdOf(attempt: Attempt | undefined): string | null {
  return attempt === undefined || attempt.fault?.kind === 'unsolvable' ? null : attempt.captchaId;
}

/** Names the inputs, never what they hold. */
function freshInputsAsked(usedUp: readonly string[]): string {
  if (usedUp.length === 0) return '';
  const [are, ones] = usedUp.length === 1 ? ['is', 'a fresh one'] : ['are', 'fresh ones'];
  return ` ${usedUp.join(' and ')} ${are} used up by one submission, so the task is not submitted again: fetch ${ones} from the page.`;
}

/** The outcome of a task that was given up. */
export function gaveUp({ task, attempts, durationMs }: AttemptHistory, why: FailureCause): GaveUp {
  const { reason, retryInMs, usedUp = [] } = why;
  const last = attempts.at(-1);
  const fault = last?.fault ?? null;
  const captchaId = liveIdOf(last);
  const isTooLate = reason === 'deadline-exceeded' && fault !== null && captchaId === null;
  const sentence = isTooLate ? 'the time that is left does not do for another attempt' : sentences[reason];
  return {
    status: 'failed',
    taskId: task.taskId,
    region: task.region,
    attempts,
    durationMs,
    possiblyCharged: isPossiblyCharged(attempts),
    reason,
    code: fault?.code ?? null,
    message: fault === null ? sentence : `${sentence}: ${fault.message}${freshInputsAsked(usedUp)}`,
    retryInMs,
    captchaId,
    submittedAt: last?.submittedAt ?? null,
  };
}

export interface Answer extends Pick<PollSuccess, 'solution' | 'solvedAt'> {
  /** How long the solution is usable, in ms; null where it never expires. */
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
    captchaId: last?.captchaId ?? '',
    submittedAt: last?.submittedAt ?? null,
    solvedAt,
    expiresAt: lifetimeMs === null ? null : solvedAt + lifetimeMs,
  };
}
