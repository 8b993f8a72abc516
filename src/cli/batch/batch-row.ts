import type { BatchResult } from '../../core/batch/batch-item.ts';
import type { Accepted } from '../../core/solve/attempt.ts';
import { formatMoment } from '../output/format.ts';
import type { ResultColumn } from './batch-columns.ts';

function resultValues(result: BatchResult): Record<ResultColumn, string> {
  const { outcome, attemptCount, possiblyCharged, expired, item } = result;
  const solved = outcome.status === 'solved' ? outcome : null;
  const failed = outcome.status === 'failed' ? outcome : null;
  const region = outcome.region ?? '';
  return {
    status: outcome.status,
    solution: solved?.solution.text ?? '',
    reason: failed?.reason ?? '',
    code: failed?.code ?? '',
    captcha_id: outcome.captchaId ?? '',
    region,
    home_region: item.task.region ?? '',
    attempts: String(attemptCount),
    submitted_at: formatMoment(outcome.submittedAt) ?? '',
    solved_at: formatMoment(solved?.solvedAt ?? null) ?? '',
    expires_at: formatMoment(solved?.expiresAt ?? null) ?? '',
    duration_ms: String(Math.round(outcome.durationMs)),
    possibly_charged: String(possiblyCharged),
    expired: String(expired),
  };
}

/** The output row of a finished task: the columns of its input, then the result's, reserved ones replaced in place. */
export function rowOfResult(result: BatchResult): Readonly<Record<string, string>> {
  // A spread replaces in place and appends the rest: the order of `outputColumns`.
  const row: Record<string, string> = { ...result.item.values, ...resultValues(result) };
  // Deleting from it makes an object slow, even where there is nothing to delete.
  if ('schemaVersion' in row) delete row['schemaVersion'];
  return row;
}

/** The id in a failed row that may still be solved: it ran out of time, and the service had not given it up. */
export function liveIdOfRow(values: Readonly<Record<string, string>>): Accepted | null {
  const { reason, captcha_id: captchaId = '', submitted_at: submitted = '' } = values;
  const submittedAt = Date.parse(submitted);
  return reason === 'deadline-exceeded' && captchaId !== '' && !Number.isNaN(submittedAt)
    ? { captchaId, submittedAt }
    : null;
}
