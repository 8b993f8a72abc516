import type { FailoverMove } from '../../core/routing/failover.ts';
import type { ApiReach } from '../../ports/region-probe.ts';
import { formatShare } from './format.ts';

/** A line names so many targets; further ones are counted. */
const mostTargets = 3;

/** Where a region's tasks go: `us-east-1 60 %, ap-southeast-1 40 %`, `held` or `home`. */
export function formatTargets({ to, held }: FailoverMove): string {
  if (to.length === 0) return held ? 'held' : 'home';
  const named = to.slice(0, mostTargets).map(({ region, share }) => `${region} ${formatShare(share)}`);
  return [...named, ...(to.length > mostTargets ? [`${to.length - mostTargets} more`] : [])].join(', ');
}

/** The same as a phrase about the region. */
export function describeMove(move: FailoverMove): string {
  if (move.to.length > 0) return `its tasks go to ${formatTargets(move)}`;
  return move.held ? `its tasks are held: ${move.reason}` : `its tasks stay where they are: ${move.reason}`;
}

/** How long ago, in one unit: `now`, `12s`, `4m`, `3h`, `2d`. */
export function formatAge(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 1) return 'now';
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3_600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

/** The service's own line, which is no region's health: `api: reachable, 45 ms`. */
export function formatApi({ reachable, latencyMs, error }: ApiReach): string {
  const latency = latencyMs === null ? '' : `, ${Math.round(latencyMs)} ms`;
  const why = error === null ? '' : ` (${error})`;
  return `api: ${reachable ? 'reachable' : 'not reachable'}${latency}${why}`;
}
