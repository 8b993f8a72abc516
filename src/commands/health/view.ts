import { wrapToWidth } from '../../cli/display-width.ts';
import { formatMoment } from '../../cli/format.ts';
import { formatAge, formatApi, formatTargets } from '../../cli/regions/health-format.ts';
import type { HealthFrame } from '../../cli/regions/health-report.ts';
import { type Cell, renderTable } from '../../cli/table.ts';
import type { Style } from '../../cli/terminal.ts';
import type { RegionHealth, RegionStatus } from '../../domain/region.ts';

/** Where and when it is shown. */
export interface HealthStyle {
  /** Of the screen; null for a pipe. */
  readonly columns: number | null;
  /** Puts a text in a style where there are colours. */
  readonly style: (style: Style, text: string) => string;
  /** Wall clock, in ms since the epoch. */
  readonly now: number;
  /** True on a screen with few lines. */
  readonly isLow?: boolean;
}

const styles: Readonly<Record<RegionStatus, Style>> = {
  healthy: 'green',
  idle: 'green',
  degraded: 'yellow',
  unhealthy: 'red',
  unknown: 'dim',
};

const head = ['region', 'status', 'ms', 'workers', 'queue', 'since', 'error'];

const narrowing = { spare: ['since', 'workers', 'queue', 'ms'], breaks: ['error'] };

const shown = (value: number | null): string => (value === null ? '-' : String(Math.round(value)));

function rowOf(health: RegionHealth, { style, now }: Pick<HealthStyle, 'style' | 'now'>): readonly Cell[] {
  const { region, status, latencyMs, activeWorkers, queueDepth, since, error } = health;
  return [
    region,
    { text: status, paint: (text) => style(styles[status], text) },
    shown(latencyMs),
    shown(activeWorkers),
    shown(queueDepth),
    formatAge(now - since),
    error ?? '',
  ];
}

/** The regions as a table: boxed for a screen, plain and whole for a pipe. */
export function renderRegions(
  regions: readonly RegionHealth[],
  { columns, style, now, isLow = false }: HealthStyle,
): string {
  const rows = regions.map((health) => rowOf(health, { style, now }));
  return renderTable(head, rows, columns, { ...narrowing, withoutBox: isLow });
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

/** Everything as text: the regions, where tasks go, the service's own line, and what to make of it. */
export function renderHealth(frame: HealthFrame, viewOptions: HealthStyle): string {
  const { columns } = viewOptions;
  const note = frame.note === null ? '' : `${fit(`note: ${frame.note}`, columns)}\n`;
  return [
    renderRegions(frame.regions, viewOptions),
    columns === null ? '\n' : '',
    renderPlan(frame, columns),
    `${fit(formatApi(frame.api), columns)}\n`,
    note,
  ].join('');
}
