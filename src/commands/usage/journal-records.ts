import { Quantiles } from '../../core/solve/quantiles.ts';
import { addThreadTime } from '../../core/solve/usage-recorder.ts';
import { hourMs, type UsageRecord, UsageSums } from '../../domain/usage.ts';
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

function addRow(sums: UsageSums, { status, values }: FinishedTask, sinceMs: number): void {
  const fromMs = momentIn(values['submitted_at']);
  const toMs = momentIn(values['solved_at']);
  // Without a submission the time of a row is not known.
  const atMs = toMs ?? fromMs;
  if (atMs !== null && atMs < sinceMs) return;
  const isSolved = status === 'solved';
  const hasSpan = isSolved && fromMs !== null && toMs !== null;
  const threadMs = hasSpan ? addThreadTime(sums, { fromMs, toMs }) : 0;
  const counts = {
    submissions: Number(values['attempts']) || 0,
    solved: Number(isSolved),
    failed: Number(!isSolved),
    possiblyCharged: Number(values['possibly_charged'] === 'true'),
    expired: Number(values['expired'] === 'true'),
    threadMs,
  };
  const { region = '' } = values;
  const about = { method: methodOf(values), region: region === '' ? null : region, label: null };
  const durationMs = Number(values['duration_ms']) || 0;
  const solveTimes = isSolved ? { [Quantiles.bucketOf(durationMs)]: 1 } : {};
  sums.addTasks({ hour: Math.floor((atMs ?? sinceMs) / hourMs), ...about }, counts, solveTimes);
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
