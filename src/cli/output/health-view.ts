import type { RegionHealth } from '../../domain/region.ts';
import type { HealthFrame } from '../health/health-frame.ts';
import { withoutControls } from './control-characters.ts';
import { formatMoment } from './format.ts';
import { formatApi, formatTargets } from './health-format.ts';
import { type HealthLook, renderRegions } from './health-table.ts';
import { renderTable } from './table.ts';

const rounded = (ms: number | null): number | null => (ms === null ? null : Math.round(ms));

/** What was found out, as `captcha health --json` prints it. */
export function healthDocument({ regions, failover, api, note }: HealthFrame): object {
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

/** In full, the errors that the table had no room for. */
function cutErrors(regions: readonly RegionHealth[], table: string): string {
  const isCut = ({ error }: RegionHealth): boolean => error !== null && !table.includes(withoutControls(error));
  const line = ({ region, error }: RegionHealth): string => withoutControls(`${region}: ${error ?? ''}`);
  return regions
    .filter(isCut)
    .map((health) => `${line(health)}\n`)
    .join('');
}

/** Everything as text: the regions, where tasks go, the service's own line, and what to make of it. */
export function renderHealth(frame: HealthFrame, look: HealthLook): string {
  const table = renderRegions(frame.regions, look);
  const note = frame.note === null ? '' : `note: ${frame.note}\n`;
  return [
    table,
    cutErrors(frame.regions, table),
    look.columns === null ? '\n' : '',
    renderPlan(frame, look.columns),
    `${formatApi(frame.api)}\n`,
    note,
  ].join('');
}
