import type { Config } from '../../config/schema.ts';
import type { Comparison, ComparisonRow } from '../../core/simulation/compare-strategies.ts';
import {
  comparisonCells,
  comparisonHead,
  deliveryCells,
  deliveryHead,
  describeDelivery,
  describeScenario,
  resilienceName,
  type SimulationReport,
  verdictOf,
} from './view.ts';

export interface SvgCurve {
  /** Gives the curve its colour. */
  readonly className: string;
  /** One value for each second. */
  readonly values: readonly number[];
}

export interface SvgScene {
  readonly outage: { readonly fromMs: number; readonly toMs: number };
  readonly durationMs: number;
}

const size = { width: 450, height: 150 };
/** Room for the numbers: half of a time stands on either side of its tick. */
const plot = { left: 52, top: 10, right: 426, bottom: 126 };
/** More points than the plot is wide are not seen. */
const maxPoints = plot.right - plot.left;
const gridLines = 4;

/** 1, 2 or 5 times a power of ten, and at least `least`. */
function roundUp(min: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, min)));
  return [1, 2, 5, 10].map((factor) => factor * power).find((value) => value >= min) ?? min;
}

const coordinate = (value: number): string => value.toFixed(1);

/** The highest value of each interval, with a maximum number of intervals. */
function squeezed(values: readonly number[], count: number): readonly number[] {
  if (values.length <= count) return values;
  return Array.from({ length: count }, (_, at) => {
    const [from, to] = [at, at + 1].map((edge) => Math.floor((edge * values.length) / count));
    return Math.max(...values.slice(from, to));
  });
}

function grid(highest: number, seconds: number): string {
  const lines = Array.from({ length: gridLines + 1 }, (_, line) => {
    const y = plot.bottom - ((plot.bottom - plot.top) * line) / gridLines;
    const label = Number(((highest * line) / gridLines).toPrecision(3));
    return (
      `<line class="grid" x1="${plot.left}" x2="${plot.right}" y1="${coordinate(y)}" y2="${coordinate(y)}"/>` +
      `<text x="${plot.left - 6}" y="${coordinate(y + 4)}" text-anchor="end">${label}</text>`
    );
  });
  const step = roundUp(seconds / 6);
  const times = Array.from({ length: Math.floor(seconds / step) + 1 }, (_, at) => {
    const x = plot.left + ((plot.right - plot.left) * at * step) / seconds;
    return `<text x="${coordinate(x)}" y="${plot.bottom + 16}" text-anchor="middle">${at * step}s</text>`;
  });
  return [...lines, ...times].join('');
}

/** A curve over time, the outage shaded. */
function renderSvg({ className, values }: SvgCurve, { outage, durationMs }: SvgScene): string {
  const highest = roundUp(values.reduce((most, value) => Math.max(most, value), 0));
  const x = (share: number): number => plot.left + (plot.right - plot.left) * share;
  const y = (value: number): number => plot.bottom - ((plot.bottom - plot.top) * value) / highest;
  const [from, to] = [x(outage.fromMs / durationMs), x(outage.toMs / durationMs)];
  const shade =
    `<rect class="outage" x="${coordinate(from)}" y="${plot.top}" width="${coordinate(to - from)}" ` +
    `height="${plot.bottom - plot.top}"/>`;
  const points = squeezed(values, maxPoints);
  const written = points.map((value, at) => `${coordinate(x((at + 0.5) / points.length))},${coordinate(y(value))}`);
  const line = `<polyline class="curve ${className}" points="${written.join(' ')}"/>`;
  const box = `viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="submissions per second over time"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${box}>${shade}${grid(highest, durationMs / 1_000)}${line}</svg>`;
}

const style = `
:root { color-scheme: light dark; --ink: #1b1f24; --dim: #5b6470; --line: #d7dce2; --page: #fff; --outage: #f3c6c6;
  --bare: #c2410c; --budget: #0f766e; --breaker: #6d28d9; --both: #1d4ed8; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --dim: #9aa4b0; --line: #333a43; --page: #14171b;
  --outage: #55292b; --bare: #fb923c; --budget: #2dd4bf; --breaker: #a78bfa; --both: #60a5fa; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); max-width: 70rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem } h2 { font-size: 1.05rem; margin: 2rem 0 .3rem } p { color: var(--dim) }
.wide { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { text-align: right; padding: .2rem .7rem; border-bottom: 1px solid var(--line); white-space: nowrap }
th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left }
svg { width: 100%; height: auto } svg text { fill: var(--dim); font-size: 11px } .grid { stroke: var(--line) }
.outage { fill: var(--outage) } .curve { fill: none; stroke-width: 1.5; stroke-linejoin: round }
.bare { stroke: var(--bare); color: var(--bare) } .budget { stroke: var(--budget); color: var(--budget) }
.breaker { stroke: var(--breaker); color: var(--breaker) } .both { stroke: var(--both); color: var(--both) }
.runs { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: .5rem 1.5rem }
figure { margin: 0 } figcaption::before { content: '— '; font-weight: bold }`;

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => escapes[character] ?? character);
}

const row = (tag: 'th' | 'td', cells: readonly string[]): string =>
  `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;

function classOf({ budget, breaker }: ComparisonRow): string {
  if (budget && breaker) return 'both';
  if (budget) return 'budget';
  return breaker ? 'breaker' : 'bare';
}

function figureOf(strategy: string, { scenario, rows }: Comparison): string {
  const own = rows.filter((each) => each.strategy === strategy);
  const figures = own.map((each) => {
    const name = resilienceName(each) === '-' ? 'no protection' : resilienceName(each);
    const caption = `<figcaption class="${classOf(each)}">${escaped(name)}</figcaption>`;
    return `<figure>${caption}${renderSvg({ className: classOf(each), values: each.load }, scenario)}</figure>`;
  });
  return `<h2>${escaped(strategy)}</h2>\n<div class="runs">${figures.join('\n')}</div>`;
}

/** The comparison as a page of its own: every figure and every curve, and nothing from anywhere else. */
export function renderHtml(report: SimulationReport, config: Pick<Config, 'retry'>): string {
  const { scenario, rows, delivery } = report;
  const strategies = [...new Set(rows.map(({ strategy }) => strategy))];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>captcha simulate</title><style>${style}
</style></head><body>
<h1>What an outage does to retries</h1>
<p>${escaped(describeScenario(scenario))}</p>
<div class="wide"><table><thead>${row('th', comparisonHead)}</thead><tbody>
${rows.map((each) => row('td', comparisonCells(each))).join('\n')}
</tbody></table></div>
<p>${escaped(verdictOf(report, config))}</p>
<p>${escaped(describeDelivery(delivery))}</p>
<div class="wide"><table><thead>${row('th', deliveryHead)}</thead><tbody>
${deliveryCells(delivery)
  .map((cells) => row('td', cells))
  .join('\n')}
</tbody></table></div>
<p>Submissions per second; the outage is shaded. Every curve has its own scale.</p>
${strategies.map((strategy) => figureOf(strategy, report)).join('\n')}
</body></html>
`;
}
