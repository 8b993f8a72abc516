import type { BatchReport, RegionTotals } from '../core/batch/batch-report.ts';
import type { Spread, TaskTimes } from '../core/batch/task-times.ts';
import type { FailureReason } from '../domain/outcome.ts';
import { formatMs } from './format.ts';
import { renderTable } from './table.ts';

const timeNames: readonly (readonly [keyof TaskTimes, string])[] = [
  ['solveMs', 'solve time'],
  ['apiLatencyMs', 'API latency'],
  ['deliveryDelayMs', 'delivery delay'],
];

function spreadText(what: string, { p50, p95 }: Spread): string | null {
  return p50 === null || p95 === null ? null : `${what} p50 ${formatMs(p50)}, p95 ${formatMs(p95)}`;
}

/** How long the tasks of a run took; null if nothing is known of it. */
export function renderTimes(times: TaskTimes): string | null {
  const known = timeNames.map(([key, name]) => spreadText(name, times[key])).filter((text) => text !== null);
  return known.length === 0 ? null : known.join('; ');
}

const cell = ({ p50, p95 }: Spread): string =>
  p50 === null || p95 === null ? '-' : `${formatMs(p50)}/${formatMs(p95)}`;

/** The regions side by side, so that the slow one is seen; null if there is none. */
export function renderRegionTotals(regions: readonly RegionTotals[]): string | null {
  if (regions.length < 2 && (regions[0]?.region ?? null) === null) return null;
  const head = ['region', 'solved', 'failed', 'attempts', 'solve time', 'API latency', 'delay'];
  const rows = regions.map(({ region, solved, failed, attempts, ...times }) => [
    ...[region ?? '(none)', String(solved), String(failed), String(attempts)],
    ...timeNames.map(([key]) => cell(times[key])),
  ]);
  return `regions (times: p50/p95, delay: of the delivery)\n${renderTable(head, rows, null).trimEnd()}`;
}

/** The failed tasks by reason and by their last fault; null if none failed. */
export function renderFailures({ failed, byReason, causes }: BatchReport): string | null {
  if (failed === 0) return null;
  const parts = Object.entries(byReason)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => {
      const known = Object.entries(causes[reason as FailureReason] ?? {}).sort(([, a], [, b]) => b - a);
      const list = known.map(([cause, times]) => `${cause}: ${times}`).join('; ');
      return `${reason} ${count}${list === '' ? '' : ` (${list})`}`;
    });
  return `failed: ${parts.join(', ')}`;
}
