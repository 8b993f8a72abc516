import type { RegionHealth, RegionStatus } from '../../domain/region.ts';
import { formatAge } from './health-format.ts';
import { type Cell, renderTable } from './table.ts';
import type { Style } from './terminal.ts';

/** Where and when it is shown. */
export interface HealthLook {
  /** Of the screen; null for a pipe. */
  readonly columns: number | null;
  /** Puts a text in a style where there are colours. */
  readonly style: (style: Style, text: string) => string;
  /** Wall clock, in ms since the epoch. */
  readonly now: number;
}

const styles: Readonly<Record<RegionStatus, Style>> = {
  healthy: 'green',
  idle: 'green',
  degraded: 'yellow',
  unhealthy: 'red',
  unknown: 'dim',
};

const head = ['region', 'status', 'ms', 'workers', 'queue', 'since', 'error'];
const statusColumn = 1;
const errorColumn = 6;
/** What the box adds to a column: a line and a blank on both sides. */
const frameWidth = 3;
/** Narrower, an error says nothing; it is left to the lines below the table. */
const narrowestError = 10;
const narrowestName = 12;

const shown = (value: number | null): string => (value === null ? '-' : String(Math.round(value)));

function rowOf({ region, status, latencyMs, activeWorkers, queueDepth, since, error }: RegionHealth, now: number) {
  return [
    region,
    status,
    shown(latencyMs),
    shown(activeWorkers),
    shown(queueDepth),
    formatAge(now - since),
    error ?? '',
  ];
}

const cut = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);

/** Names of regions differ at both ends. */
function cutMiddle(text: string, most: number): string {
  if (text.length <= most) return text;
  const tail = Math.floor((most - 1) / 2);
  return `${text.slice(0, most - 1 - tail)}…${text.slice(-tail)}`;
}

type Row = readonly string[];

const widthOf = (rows: readonly Row[]): number =>
  head.reduce((sum, _, column) => sum + Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)) + frameWidth, 1);

/** The rows, the first of them the head, made to fit a screen: errors give way first, then the middle of long names. */
function fitted(rows: readonly Row[], columns: number): readonly Row[] {
  const spare = columns - widthOf(rows.map((row) => row.slice(0, errorColumn)));
  const longestError = Math.max(...rows.map((row) => row[errorColumn]?.length ?? 0));
  if (spare >= Math.min(longestError, narrowestError)) {
    return rows.map((row) => row.map((cell, column) => (column === errorColumn ? cut(cell, spare) : cell)));
  }
  const lean = rows.map((row) => row.slice(0, errorColumn));
  const longestName = Math.max(...rows.map(([name = '']) => name.length));
  const most = Math.max(narrowestName, longestName + spare + frameWidth);
  return lean.map(([name = '', ...rest]) => [cutMiddle(name, most), ...rest]);
}

/** The regions as a table: boxed and fitted for a screen, plain and whole for a pipe. */
export function renderRegions(regions: readonly RegionHealth[], { columns, style, now }: HealthLook): string {
  const rows: readonly Row[] = [head, ...regions.map((health) => rowOf(health, now))];
  const [fittedHead = head, ...body] = columns === null ? rows : fitted(rows, columns);
  const painted = body.map((row, index) => {
    const status = regions[index]?.status ?? 'unknown';
    const paint = (text: string): string => style(styles[status], text);
    return row.map((cell, column): Cell => (column === statusColumn ? { text: cell, paint } : cell));
  });
  return renderTable(fittedHead, painted, columns);
}
