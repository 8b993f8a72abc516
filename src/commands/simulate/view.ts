import { plot } from 'asciichart';
import { wrapWords } from '../../cli/help.ts';
import { formatMs, formatShare } from '../../cli/format.ts';
import { renderTable } from '../../cli/table.ts';
import type { Config } from '../../config/schema.ts';
import type { Comparison, ComparisonRow } from '../../core/simulation/compare-strategies.ts';
import type { DeliveryComparison, DeliveryFigures } from '../../core/simulation/delivery.ts';
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

/** Load over time as text, one curve below the other, each to its own scale; never wider than the screen. */
export function renderCurves(curves: readonly Curve[], frame: ChartFrame): string {
  const width = Math.max(10, Math.min(frame.columns, widest) - labelWidth);
  const format = (value: number): string => String(Math.round(value)).padStart(labelWidth - 1);
  const drawn = curves.map(({ title, values }) => {
    const options = { height, min: 0, max: Math.max(1, ...values), offset: axisAt, format };
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
    resilienceName(row).replaceAll(' ', '\u00a0'),
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

/** A range of times: `4s to 8s`. */
const formatSpan = ([from, to]: readonly [number, number]): string => `${formatMs(from)} to ${formatMs(to)}`;

/** What a narrow screen can do without. The last three columns always stay. */
export const comparisonNarrowing = { spare: ['requests', 'peak/s', 'per task', 'submissions', 'in outage'] };

/** The scenario as a sentence. */
export function describeScenario({
  clients,
  ratePerSecond,
  outage,
  durationMs,
  seed,
  solveMs,
}: ScenarioRequest): string {
  const rate = Number(ratePerSecond.toPrecision(3));
  const from = `${formatMs(outage.fromMs)} to ${formatMs(outage.toMs)}`;
  const solving = solveMs === undefined ? '' : `solve times ${formatSpan(solveMs)}, `;
  return `${clients} clients, ${rate} submissions/s as usual, ${solving}outage from ${from}, ${formatMs(durationMs)} in all, seed ${seed}`;
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

/** What `captcha simulate` reports. */
export interface SimulationReport extends Comparison {
  readonly delivery: DeliveryComparison;
}

/** The columns of the deliveries. */
export const deliveryHead: readonly string[] = ['polling', 'delay mean', 'delay p95', 'polls per task', 'threads used'];

/** The deliveries as people read them: the person's own settings, and a plain loop. */
export function deliveryCells({ own, plainLoop }: DeliveryComparison): readonly (readonly string[])[] {
  const cells = (name: string, { delayMs, pollsPerTask, threadUse }: DeliveryFigures): readonly string[] => [
    ...[name, formatMs(delayMs.mean), formatMs(delayMs.p95), pollsPerTask.toFixed(2), formatShare(threadUse)],
  ];
  return [cells('your settings', own), cells('every 5s', plainLoop)];
}

/** The deliveries as a sentence. */
export function describeDelivery({ threads, tasks, solveMs }: DeliveryComparison): string {
  return `without an outage: ${tasks} tasks on ${threads} threads, solve times ${formatSpan(solveMs)}; delay from ready to delivered`;
}

const protectionOf = (row: ComparisonRow): string =>
  `${row.strategy} with ${resilienceName(row) === '-' ? 'no protection' : resilienceName(row)}`;

/** Why rows never recover, by what protects them. */
export function explainNever({ scenario, rows }: Comparison, { budget }: Pick<Config, 'budget'>): readonly string[] {
  const left = formatMs(scenario.durationMs - scenario.outage.toMs);
  const reasons: Readonly<Record<string, string>> = {
    '-':
      'recovery never, with no protection: the retries alone keep the load above the capacity of the simulated service ' +
      'after the outage.',
    budget:
      `recovery never, with a budget alone: while all clients wait for a token, only budget.minRetriesPerSecond ` +
      `(${budget.minRetriesPerSecond}/s) lets them return, one by one, and the simulation ends ${left} after ` +
      `the outage. The load stays low: few submissions are wasted. With the breaker, one probe lets all return.`,
  };
  const other = `recovery never, with the breaker: the load was not as usual again when the simulation ended, ${left} after the outage.`;
  const names = rows.filter(({ recoveryMs }) => recoveryMs === null).map(resilienceName);
  return [...new Set(names.map((name) => reasons[name] ?? other))];
}

/** The row of the person's own strategy with the most protection; the best one if that strategy was not compared. */
function ownRow(byWorth: readonly ComparisonRow[], { retry }: Pick<Config, 'retry'>): ComparisonRow | undefined {
  const protection = (row: ComparisonRow): number => Number(row.budget) + Number(row.breaker);
  const own = byWorth.filter(({ strategy }) => strategy === retry.strategy);
  return own.toSorted((a, b) => protection(b) - protection(a))[0] ?? byWorth[0];
}

/** What the comparison says, in one sentence. */
export function verdictOf({ rows }: Comparison, config: Pick<Config, 'retry'>): string {
  const byWorth = rows.toSorted((a, b) => b.successRatio - a.successRatio || a.wastedSubmissions - b.wastedSubmissions);
  const [own, worst] = [ownRow(byWorth, config), byWorth.at(-1)];
  if (own === undefined || worst === undefined) return '';
  const told = (row: ComparisonRow): string =>
    `${protectionOf(row)} solves ${(row.successRatio * 100).toFixed(1)} % of the tasks and wastes ${row.wastedSubmissions} submissions`;
  return `verdict: ${told(own)}${own === worst ? '' : `; ${told(worst)}`}.`;
}

/** A sentence in lines of a screen. A pipe gets it whole. */
function wrapped(text: string, columns: number | null): string {
  return `${wrapWords('', text.split(' '), { columns: columns ?? Infinity, indent: 0, end: '' })}\n`;
}

/** The report as text: a table, the load over time of a few runs, the deliveries, and a verdict. */
export function renderReport(report: SimulationReport, config: Config, columns: number | null): string {
  const { scenario, rows, delivery } = report;
  const curves = drawnRows(rows).map((row) => ({
    title: `submissions/s, ${row.strategy}, ${resilienceName(row) === '-' ? 'no protection' : resilienceName(row)}`,
    values: row.load,
  }));
  const never = explainNever(report, config);
  return [
    `${wrapped(describeScenario(scenario), columns)}\n`,
    renderTable(comparisonHead, rows.map(comparisonCells), columns, comparisonNarrowing),
    ...never.map((text) => wrapped(text, columns)),
    '\n',
    renderCurves(curves, { ...scenario, columns: columns ?? plainColumns }),
    '\n',
    wrapped(describeDelivery(delivery), columns),
    renderTable(deliveryHead, deliveryCells(delivery), columns),
    '\n',
    wrapped(verdictOf(report, config), columns),
  ].join('');
}
