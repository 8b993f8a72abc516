import type { Attempt, GaveUp, Outcome } from '../domain/outcome.ts';
import { forgottenIds } from '../core/solve/attempt-history.ts';
import type { GlobalFlags } from './context.ts';
import { formatMoment, formatMs, shellQuoted } from './format.ts';

const rounded = (ms: number | null): number | null => (ms === null ? null : Math.round(ms));

function attemptReport(attempt: Attempt): object {
  const { startedAt, submittedAt, durationMs, submitMs, pollMs, ...rest } = attempt;
  return {
    ...rest,
    startedAt: formatMoment(startedAt),
    submittedAt: formatMoment(submittedAt),
    durationMs: Math.round(durationMs),
    submitMs: rounded(submitMs),
    pollMs: pollMs.map(Math.round),
  };
}

/** An outcome as `solve --json` prints it: the same keys whether it was solved or not. */
export function outcomeReport(outcome: Outcome): object {
  const solved = outcome.status === 'solved' ? outcome : null;
  const failed = outcome.status === 'failed' ? outcome : null;
  return {
    status: outcome.status,
    taskId: outcome.taskId,
    solution: solved?.solution.text ?? null,
    fields: solved?.solution.fields ?? {},
    captchaId: outcome.captchaId,
    region: outcome.region,
    attempts: outcome.attempts.map(attemptReport),
    reason: failed?.reason ?? null,
    code: failed?.code ?? null,
    message: failed?.message ?? null,
    retryInMs: rounded(failed?.retryInMs ?? null),
    submittedAt: formatMoment(outcome.submittedAt),
    solvedAt: formatMoment(solved?.solvedAt ?? null),
    expiresAt: formatMoment(solved?.expiresAt ?? null),
    durationMs: Math.round(outcome.durationMs),
    possiblyCharged: outcome.possiblyCharged,
  };
}

type ConfigFlag = Pick<GlobalFlags, 'config'>;

function resultCommand(captchaIds: readonly string[], { config }: ConfigFlag): string {
  const flag = config === null ? '' : ` --config ${shellQuoted(config)}`;
  return `captcha${flag} result ${captchaIds.join(' ')}`;
}

/** The command that fetches the solutions of paid ids later. */
export function collectHint(captchaIds: readonly string[], globals: ConfigFlag): string {
  return `collect ${captchaIds.length === 1 ? 'it' : 'them'} later with: ${resultCommand(captchaIds, globals)}`;
}

/** Why results are not shown. */
export const discarded = 'standard output is closed or the null device';

/** Names the paid ids, if there are any, whose solutions were written to a closed or null output. */
export function discardedHint(captchaIds: readonly string[], globals: ConfigFlag): string {
  const what = captchaIds.length < 2 ? 'the solution was not shown' : 'the solutions were not shown';
  const collect = captchaIds.length === 0 ? 'it came without an id to collect it by' : collectHint(captchaIds, globals);
  return `${discarded}: ${what}; ${collect}`;
}

/** What is known about submissions that may have been charged without a result; null for none. */
function chargedLine({ attempts, possiblyCharged }: GaveUp): string | null {
  const count = attempts.filter((attempt) => attempt.possiblyCharged).length;
  // The message names the ids that the service forgot.
  if (!possiblyCharged || (forgottenIds(attempts).length === count && count > 0)) return null;
  return count > 1
    ? `${count} submissions got no usable answer: each may have been charged`
    : 'a submission got no usable answer: it may have been charged';
}

function retryLine({ reason, retryInMs }: GaveUp): string | null {
  const next = retryInMs === null ? null : formatMs(retryInMs);
  if (reason === 'budget-exhausted') {
    return `${next === null ? '' : `next token in ${next}; `}captcha budget shows the budget`;
  }
  if (reason === 'breaker-open') {
    return `${next === null ? '' : `next attempt in ${next}; `}captcha budget shows the breaker`;
  }
  if (reason === 'held') return `${next === null ? '' : `the hold ends in ${next}; `}captcha release ends it now`;
  if (reason === 'limit-reached') return `${next === null ? '' : `room in ${next}; `}captcha budget shows the limits`;
  return next === null ? null : `retry after ${next}`;
}

/** Why a task was not solved: the cause on the first line, then what to do. */
export function renderGaveUp(outcome: GaveUp, globals: ConfigFlag): string {
  const { attempts, captchaId, reason, message, durationMs } = outcome;
  const collect = captchaId === null ? null : resultCommand([captchaId], globals);
  const isOneLine = collect !== null && reason === 'deadline-exceeded';
  const first = isOneLine
    ? `${message} (${reason} after ${formatMs(durationMs)}). Collect it: ${collect}`
    : `not solved (${reason}): ${message}`;
  const details = [
    attempts.length > 1 ? `${attempts.length} attempts in ${formatMs(durationMs)}` : null,
    retryLine(outcome),
    chargedLine(outcome),
    collect === null || isOneLine ? null : `collect it later with: ${collect}`,
  ];
  return [first, ...details.flatMap((line) => (line === null ? [] : `  ${line}`))].join('\n');
}
