import { plot } from 'asciichart';
import { formatMs } from '../../cli/format.ts';
import { renderTable } from '../../cli/table.ts';
import type { Comparison, ComparisonRow } from '../../core/simulation/compare-strategies.ts';
import type { ScenarioRequest } from '../../core/simulation/scenario.ts';

export interface Curve {
  readonly title: string;
  /** One value for each second. */
  readonly values: readonly number[];
}

export interface ChartFrame {
  /** Of the screen. */
  readonly columns: number;
  readonly outage: { readonly fromMs: number; readonly toMs: number };
  readonly durationMs: number;
  /** All curves to the same scale. */
  readonly highest: number;
}

const height = 6;
/** Columns for the axis and its numbers. */
const labelWidth = 7;
/** asciichart takes the label for one column, and the axis for the next. */
const axisAt = 2;
/** Wider, and a curve tells no more. */
const widest = 120;

/** As many values as there is room for: the highest of the seconds that share one, since peaks are what matters. */
function squeezed(values: readonly number[], width: number): readonly number[] {
  if (values.length <= width) return values;
  return Array.from({ length: width }, (_, column) => {
    const from = Math.floor((column * values.length) / width);
    const to = Math.floor(((column + 1) * values.length) / width);
    return Math.max(...values.slice(from, to));
  });
}

/** The seconds below the curve, the outage in bold strokes. */
function timeLine({ outage, durationMs }: ChartFrame, width: number): string {
  const at = (ms: number): number => Math.min(width, Math.round((ms / durationMs) * width));
  const marks = Array.from({ length: width }, (_, column) =>
    column >= at(outage.fromMs) && column < Math.max(at(outage.toMs), at(outage.fromMs) + 1) ? '=' : '-',
  ).join('');
  const outageText = `outage ${formatMs(outage.fromMs)} to ${formatMs(outage.toMs)}`;
  const end = formatMs(durationMs);
  const room = Math.max(1, width - outageText.length - end.length - at(outage.fromMs));
  const texts = `${' '.repeat(Math.min(at(outage.fromMs), width))}${outageText}${' '.repeat(room)}${end}`;
  const margin = ' '.repeat(labelWidth);
  return `${margin}${marks}\n${margin}${texts.slice(0, width)}`.trimEnd();
}

/** Load over time as text, one curve below the other, to one scale; never wider than the screen. */
export function renderCurves(curves: readonly Curve[], frame: ChartFrame): string {
  const width = Math.max(10, Math.min(frame.columns, widest) - labelWidth);
  const format = (value: number): string => String(Math.round(value)).padStart(labelWidth - 1);
  const drawn = curves.map(({ title, values }) => {
    const options = { height, min: 0, max: Math.max(1, frame.highest), offset: axisAt, format };
    // The first value stands on the axis itself.
    const chart = plot(squeezed(values, width), options);
    return `${title}\n${chart.replace(/[ \t]+$/gm, '')}\n${timeLine(frame, Math.min(width, values.length))}\n`;
  });
  return drawn.join('\n');
}

/** Where there is no screen to measure. */
const plainColumns = 80;

/** What stood between the clients and the service. */
export function resilienceName({ budget, breaker }: Pick<ComparisonRow, 'budget' | 'breaker'>): string {
  if (budget && breaker) return 'budget + breaker';
  if (budget) return 'budget';
  return breaker ? 'breaker' : '-';
}

/** The figures of one run as people read them, in the order of `comparisonHead`. */
export function comparisonCells(row: ComparisonRow): readonly string[] {
  return [
    row.strategy,
    resilienceName(row),
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
    title: `submissions/s, ${row.strategy}, ${resilienceName(row) === '-' ? 'no protection' : resilienceName(row)}`,
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
