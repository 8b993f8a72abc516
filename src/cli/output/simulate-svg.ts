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

const size = { width: 900, height: 200 };
const plot = { left: 46, top: 8, right: 890, bottom: 176 };
/** More points than the plot is wide are not seen. */
const mostPoints = plot.right - plot.left;
const gridLines = 4;

/** 1, 2 or 5 times a power of ten, and at least `least`. */
function roundUp(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  return [1, 2, 5, 10].map((factor) => factor * power).find((value) => value >= least) ?? least;
}

const coordinate = (value: number): string => value.toFixed(1);

/** The highest value of each of at most so many stretches. */
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
  const step = roundUp(seconds / 10);
  const times = Array.from({ length: Math.floor(seconds / step) + 1 }, (_, at) => {
    const x = plot.left + ((plot.right - plot.left) * at * step) / seconds;
    return `<text x="${coordinate(x)}" y="${plot.bottom + 16}" text-anchor="middle">${at * step}s</text>`;
  });
  return [...lines, ...times].join('');
}

/** Curves over time in one drawing, the outage shaded. */
export function renderSvg(curves: readonly SvgCurve[], { outage, durationMs }: SvgScene): string {
  const highest = roundUp(curves.reduce((most, { values }) => values.reduce((a, b) => Math.max(a, b), most), 0));
  const x = (share: number): number => plot.left + (plot.right - plot.left) * share;
  const y = (value: number): number => plot.bottom - ((plot.bottom - plot.top) * value) / highest;
  const [from, to] = [x(outage.fromMs / durationMs), x(outage.toMs / durationMs)];
  const shade =
    `<rect class="outage" x="${coordinate(from)}" y="${plot.top}" width="${coordinate(to - from)}" ` +
    `height="${plot.bottom - plot.top}"/>`;
  const lines = curves.map(({ className, values }) => {
    const points = squeezed(values, mostPoints);
    const written = points.map((value, at) => `${coordinate(x((at + 0.5) / points.length))},${coordinate(y(value))}`);
    return `<polyline class="curve ${className}" points="${written.join(' ')}"/>`;
  });
  const box = `viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="submissions per second over time"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${box}>${shade}${grid(highest, durationMs / 1_000)}${lines.join('')}</svg>`;
}
