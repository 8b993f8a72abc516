import type { Config } from '../../config/schema.ts';
import type { Bounds } from '../../core/batch/stop-rules.ts';
import type { Survey } from '../../core/batch/survey.ts';
import { parseDuration } from '../../domain/duration.ts';
import { UsageError } from '../../domain/usage-error.ts';
import { type BatchFlags, wholeNumber } from './batch-flags.ts';

function failuresOf(maxFailures: Config['batch']['maxFailures'], survey: Survey | null): number | null {
  if (maxFailures === null) return null;
  if ('count' in maxFailures) return maxFailures.count;
  if (survey !== null) return Math.max(1, Math.ceil(maxFailures.ratio * (survey.rows - survey.bad)));
  throw new UsageError('a share as --max-failures needs an input that can be counted', 'give a number, or a file');
}

function durationOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const ms = parseDuration(text);
  if (ms === null) throw new UsageError(`--max-duration ${text}: not a duration`, 'for example --max-duration 30m');
  return ms;
}

/** What bounds a run. */
export function boundsOf(flags: BatchFlags, { batch }: Config, survey: Survey | null): Bounds {
  return {
    maxFailures: failuresOf(batch.maxFailures, survey),
    maxSubmissions: wholeNumber('--max-submissions', flags.maxSubmissions),
    maxDurationMs: durationOf(flags.maxDuration),
    limit: wholeNumber('--limit', flags.limit),
  };
}
