import { withoutControls } from '../../cli/control-characters.ts';
import { formatMoment } from '../../cli/format.ts';
import { formatAge, formatApi, formatTargets } from '../../cli/regions/health-format.ts';
import type { HealthFrame } from '../../cli/regions/health-report.ts';
import { type Cell, renderTable } from '../../cli/table.ts';
import type { Style } from '../../cli/terminal.ts';
import { wrapToWidth } from '../../cli/wrap-to-width.ts';
import type { RegionHealth, RegionStatus } from '../../domain/region.ts';

/** Where and when it is shown. */
export interface HealthStyle {
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
  const maxErrorWidth = Math.max(...rows.map((row) => row[errorColumn]?.length ?? 0));
  if (spare >= Math.min(maxErrorWidth, narrowestError)) {
    return rows.map((row) => row.map((cell, column) => (column === errorColumn ? cut(cell, spare) : cell)));
  }
  const lean = rows.map((row) => row.slice(0, errorColumn));
  const maxNameWidth = Math.max(...rows.map(([name = '']) => name.length));
  const most = Math.max(narrowestName, maxNameWidth + spare + frameWidth);
  return lean.map(([name = '', ...rest]) => [cutMiddle(name, most), ...rest]);
}

/** The regions as a table: boxed and fitted for a screen, plain and whole for a pipe. */
export function renderRegions(regions: readonly RegionHealth[], { columns, style, now }: HealthStyle): string {
  const rows: readonly Row[] = [head, ...regions.map((health) => rowOf(health, now))];
  const [fittedHead = head, ...body] = columns === null ? rows : fitted(rows, columns);
  const painted = body.map((row, index) => {
    const status = regions[index]?.status ?? 'unknown';
    const paint = (text: string): string => style(styles[status], text);
    return row.map((cell, column): Cell => (column === statusColumn ? { text: cell, paint } : cell));
  });
  return renderTable(fittedHead, painted, columns);
}

const rounded = (ms: number | null): number | null => (ms === null ? null : Math.round(ms));

/** The health report, as `captcha health --json` prints it. */
export function healthDocument({ regions, failover, api, note }: HealthFrame) {
  const times = ({ latencyMs, since }: RegionHealth) => ({ latencyMs: rounded(latencyMs), since: formatMoment(since) });
  return {
    regions: regions.map((health) => ({ ...health, ...times(health) })),
    failover,
    api: { ...api, latencyMs: rounded(api.latencyMs) },
    note,
  };
}

function renderPlan({ failover }: HealthFrame, columns: number | null): string {
  if (failover.length === 0) return 'failover: nothing to redirect\n';
  const rows = failover.map((move) => [move.from, formatTargets(move), move.reason]);
  return renderTable(['region', 'target', 'reason'], rows, columns);
}

/** Lines that a screen does not break inside a word. */
const fit = (text: string, columns: number | null): string =>
  columns === null ? text : wrapToWidth(text, columns).join('\n');

/** In full, the errors that the table had no room for. */
function cutErrors(regions: readonly RegionHealth[], table: string, columns: number | null): string {
  const isCut = ({ error }: RegionHealth): boolean => error !== null && !table.includes(withoutControls(error));
  const line = ({ region, error }: RegionHealth): string => withoutControls(`${region}: ${error ?? ''}`);
  return regions
    .filter(isCut)
    .map((health) => `${fit(line(health), columns)}\n`)
    .join('');
}

/** Everything as text: the regions, where tasks go, the service's own line, and what to make of it. */
export function renderHealth(frame: HealthFrame, viewOptions: HealthStyle): string {
  const table = renderRegions(frame.regions, viewOptions);
  const { columns } = viewOptions;
  const note = frame.note === null ? '' : `${fit(`note: ${frame.note}`, columns)}\n`;
  return [
    table,
    cutErrors(frame.regions, table, columns),
    columns === null ? '\n' : '',
    renderPlan(frame, columns),
    `${fit(formatApi(frame.api), columns)}\n`,
    note,
  ].join('');
}
