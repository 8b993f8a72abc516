import { plot } from 'asciichart';
import { formatMs } from './format.ts';

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
/** For the numbers beside the axis, and the axis. */
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
