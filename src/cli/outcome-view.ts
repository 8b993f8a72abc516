import type { Attempt, GaveUp, Outcome } from '../domain/outcome.ts';
import { formatMoment, formatMs } from './format.ts';

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

/** The command that fetches later what was paid for. */
export function collectHint(captchaId: string): string {
  return `collect it later with: captcha result ${captchaId}`;
}

/** Beginning of what is said where results go nowhere. */
export const discarded = 'standard output is closed or the null device';

/** Names what was paid for where its solution was written to nowhere. */
export function discardedHint(captchaIds: readonly string[]): string {
  const what = captchaIds.length === 1 ? 'the solution was not shown' : 'the solutions were not shown';
  return `${discarded}: ${what}; ${collectHint(captchaIds.join(' '))}`;
}

/** Why a task was not solved, for a person: the first line says it, the others what to do. */
export function renderGaveUp(outcome: GaveUp): string {
  const { attempts, retryInMs, captchaId, possiblyCharged } = outcome;
  const lines = [`not solved (${outcome.reason}): ${outcome.message}`];
  if (attempts.length > 1) lines.push(`  ${attempts.length} attempts in ${formatMs(outcome.durationMs)}`);
  if (retryInMs !== null) lines.push(`  retry after ${formatMs(retryInMs)}`);
  if (possiblyCharged) lines.push('  a submission was sent whose answer never came: it may have been charged');
  if (captchaId !== null) lines.push(`  ${collectHint(captchaId)}`);
  return lines.join('\n');
}
