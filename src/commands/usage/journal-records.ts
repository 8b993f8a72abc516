import { Quantiles } from '../../core/solve/quantiles.ts';
import { addThreadTime, maxThreadMs } from '../../core/solve/usage-recorder.ts';
import { countTime, hourMs, type UsageRecord, UsageSums } from '../../domain/usage.ts';
import type { FinishedTask } from '../../ports/files.ts';

type Values = FinishedTask['values'];

/** As a batch decides it for a row without a method. */
function methodOf({ method = '', textcaptcha = '' }: Values): string {
  if (method.trim() !== '') return method.trim();
  return textcaptcha.trim() === '' ? 'base64' : 'post';
}

const momentIn = (text: string | undefined): number | null => {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? null : ms;
};

/** Until between the last two polls, as far as the row tells: of a task with one submission, when it was collected. */
function threadSpan(
  { fromMs, toMs, durationMs }: { readonly fromMs: number; readonly toMs: number; readonly durationMs: number },
  { attempts }: Values,
): { readonly fromMs: number; readonly toMs: number } {
  const endedMs = attempts === '1' ? fromMs + durationMs : toMs;
  return { fromMs, toMs: Math.min(fromMs + maxThreadMs, Math.max(toMs, (toMs + endedMs) / 2)) };
}

function addRow(sums: UsageSums, { status, values }: FinishedTask, sinceMs: number): void {
  const fromMs = momentIn(values['submitted_at']);
  const toMs = momentIn(values['solved_at']);
  // Without a submission the time of a row is not known.
  const atMs = toMs ?? fromMs;
  if (atMs !== null && atMs < sinceMs) return;
  const isSolved = status === 'solved';
  const durationMs = Number(values['duration_ms']) || 0;
  const span = isSolved && fromMs !== null && toMs !== null ? threadSpan({ fromMs, toMs, durationMs }, values) : null;
  const threadMs = span === null ? 0 : addThreadTime(sums, span.fromMs, span.toMs);
  const { region = '' } = values;
  const named = { method: methodOf(values), region: region === '' ? null : region, label: null };
  const { counts, solveTimes } = sums.tasks(Math.floor((atMs ?? sinceMs) / hourMs), named);
  counts.submissions += Number(values['attempts']) || 0;
  counts[isSolved ? 'solved' : 'failed'] += 1;
  if (values['possibly_charged'] === 'true') counts.possiblyCharged += 1;
  if (values['expired'] === 'true') counts.expired += 1;
  counts.threadMs += threadMs;
  if (isSolved) countTime(solveTimes, Quantiles.bucketOf(durationMs));
}

/** What the rows of a journal say of the use of the account since a time, in epoch ms. */
export async function journalRecords(
  rows: AsyncIterable<FinishedTask>,
  sinceMs: number,
): Promise<readonly UsageRecord[]> {
  const sums = new UsageSums();
  for await (const row of rows) addRow(sums, row, sinceMs);
  return sums.records();
}
