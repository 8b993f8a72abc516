import type { Attempt, FailureReason, GaveUp, Outcome, Solution } from '../domain/outcome.ts';
import { forgottenIds } from '../core/solve/attempt-history.ts';
import type { GlobalFlags } from './context.ts';
import { shellQuoted } from '../domain/shell-word.ts';
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

/** What a command that is shown as a hint depends on. What a sandbox knows ends with it. */
type HintFlags = Pick<GlobalFlags, 'config' | 'sandbox'>;

function resultCommand(captchaIds: readonly string[], { config }: Pick<HintFlags, 'config'>): string {
  const flag = config === null ? '' : ` --config ${shellQuoted(config)}`;
  return `captcha${flag} result ${captchaIds.map(shellQuoted).join(' ')}`;
}

/** The command that fetches the solutions of paid ids later. */
export function collectHint(captchaIds: readonly string[], globals: HintFlags): string {
  if (globals.sandbox) return `${captchaIds.join(' ')} cannot be collected later: the sandbox ends with this command`;
  return `collect ${captchaIds.length === 1 ? 'it' : 'them'} later with: ${resultCommand(captchaIds, globals)}`;
}

/** Why results are not shown. */
export const discarded = 'standard output is closed or the null device';

/** Names the paid ids, if there are any, whose solutions were written to a closed or null output. */
export function discardedHint(captchaIds: readonly string[], globals: HintFlags): string {
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
    ? `no id came back for ${count} submissions: none is known to be accepted, but each may have been charged`
    : 'no id came back for a submission: it is not known to be accepted, but may have been charged';
}

const refusals: Partial<Record<FailureReason, { readonly next: string; readonly what: string }>> = {
  'budget-exhausted': { next: 'next token', what: 'budget' },
  'breaker-open': { next: 'next attempt', what: 'breaker' },
};

function retryLine({ reason, retryInMs }: GaveUp, { sandbox }: HintFlags): string | null {
  const time = retryInMs === null ? null : formatMs(retryInMs);
  if (reason === 'held') return `${time === null ? '' : `the hold ends in ${time}; `}captcha release ends it now`;
  if (reason === 'limit-reached') return `${time === null ? '' : `room in ${time}; `}captcha budget shows the limits`;
  const refusal = refusals[reason];
  if (refusal === undefined) return time === null ? null : `retry after ${time}`;
  const parts = [
    ...(time === null ? [] : [`${refusal.next} in ${time}`]),
    ...(sandbox ? [] : [`captcha budget shows the ${refusal.what}`]),
  ];
  return parts.length === 0 ? null : parts.join('; ');
}

/** The names of what belongs to a solution and is not in its text, such as the user agent that it is bound to. */
export function namesBesideText({ text, fields }: Solution): readonly string[] {
  const names = Object.keys(fields).filter((name) => fields[name] !== text);
  if (names.length === 0 || !text.startsWith('{')) return names;
  const parts = parseObject(text);
  return names.filter((name) => !Object.hasOwn(parts, name));
}

function parseObject(text: string): object {
  try {
    return JSON.parse(text) as object;
  } catch {
    return {};
  }
}

/** A task that was not solved, as fields of a JSON log. */
export function gaveUpFields(outcome: GaveUp): object {
  const { taskId, reason, code, message, captchaId, possiblyCharged, attempts } = outcome;
  return { taskId, reason, code, message, captchaId, possiblyCharged, attempts: attempts.length };
}

/** Why a task was not solved: the cause on the first line, then what to do. */
export function renderGaveUp(outcome: GaveUp, globals: HintFlags): string {
  const { attempts, captchaId, reason, message, durationMs } = outcome;
  const collect = captchaId === null || globals.sandbox ? null : resultCommand([captchaId], globals);
  const isOneLine = collect !== null && reason === 'deadline-exceeded';
  const first = isOneLine
    ? `${message} (${reason} after ${formatMs(durationMs)}). Collect it: ${collect}`
    : `not solved (${reason}): ${message}`;
  const details = [
    attempts.length > 1 ? `${attempts.length} attempts in ${formatMs(durationMs)}` : null,
    retryLine(outcome, globals),
    chargedLine(outcome),
    collect === null || isOneLine ? null : `collect it later with: ${collect}`,
  ];
  return [first, ...details.flatMap((line) => (line === null ? [] : `  ${line}`))].join('\n');
}
