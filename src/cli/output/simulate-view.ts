import type { Comparison, ComparisonRow } from '../../core/simulate/compare-strategies.ts';
import type { ScenarioRequest } from '../../core/simulate/scenario.ts';
import { formatMs } from './format.ts';
import { renderCurves } from './simulate-chart.ts';
import { renderTable } from './table.ts';

/** Where there is no screen to measure. */
const plainColumns = 80;

/** What stood between the clients and the service. */
export function protectionName({ budget, breaker }: Pick<ComparisonRow, 'budget' | 'breaker'>): string {
  if (budget && breaker) return 'budget + breaker';
  if (budget) return 'budget';
  return breaker ? 'breaker' : '-';
}

/** The figures of one run as people read them, in the order of `comparisonHead`. */
export function comparisonCells(row: ComparisonRow): readonly string[] {
  return [
    row.strategy,
    protectionName(row),
    String(row.requests),
    String(row.submissions),
    row.amplification.toFixed(2),
    String(row.submissionsInOutage),
    String(row.peakRequestsPerSecond),
    row.recoveryMs === null ? 'never' : formatMs(row.recoveryMs),
    `${(row.successRatio * 100).toFixed(1)} %`,
    String(row.wastedSubmissions),
  ];
}

/** The columns of a comparison. */
export const comparisonHead: readonly string[] = [
  'strategy',
  'protection',
  'requests',
  'submissions',
  'per task',
  'in outage',
  'peak/s',
  'recovery',
  'solved',
  'wasted',
];

/** The scenario as a sentence. */
export function describeScenario({ clients, ratePerSecond, outage, durationMs, seed }: ScenarioRequest): string {
  const rate = Number(ratePerSecond.toPrecision(3));
  const from = `${formatMs(outage.fromMs)} to ${formatMs(outage.toMs)}`;
  return `${clients} clients, ${rate} submissions/s as usual, outage from ${from}, ${formatMs(durationMs)} in all, seed ${seed}`;
}

/** The rows whose load is drawn: the worst, and the same strategies with everything. */
function drawnRows(rows: readonly ComparisonRow[]): readonly ComparisonRow[] {
  const worst = rows.reduce<ComparisonRow | undefined>(
    (highest, row) => (highest !== undefined && highest.submissions >= row.submissions ? highest : row),
    undefined,
  );
  const jittered = rows.filter(({ strategy }) => strategy === 'full-jitter');
  const shown = [worst, jittered[0], jittered.at(-1) ?? rows.at(-1)];
  return [...new Set(shown)].flatMap((row) => row ?? []);
}

/** The comparison as text: a table, and the load over time of a few runs. */
export function renderComparison({ scenario, rows }: Comparison, columns: number | null): string {
  const drawn = drawnRows(rows);
  const curves = drawn.map((row) => ({
    title: `submissions/s, ${row.strategy}, ${protectionName(row) === '-' ? 'no protection' : protectionName(row)}`,
    values: row.load,
  }));
  const highest = Math.max(...drawn.flatMap(({ load }) => load));
  const frame = { ...scenario, columns: columns ?? plainColumns, highest };
  return [
    `${describeScenario(scenario)}\n\n`,
    renderTable(comparisonHead, rows.map(comparisonCells), columns),
    '\n',
    renderCurves(curves, frame),
  ].join('');
}
