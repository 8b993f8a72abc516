import type { FailoverMove } from '../../core/regions/failover-plan.ts';
import { isServing, type RegionHealth } from '../../domain/region.ts';
import type { ApiReach } from '../../ports/api.ts';
import { formatShare } from '../format.ts';
import type { HealthFrame } from './health-report.ts';

/** Maximum number of targets named on a line; further ones are counted. */
const maxTargets = 3;

/** Where a region's tasks go: `us-east-1 60 %, ap-southeast-1 40 %`, `held` or `home`. */
export function formatTargets({ to, held }: FailoverMove): string {
  if (to.length === 0) return held ? 'held' : 'home';
  const named = to.slice(0, maxTargets).map(({ region, share }) => `${region} ${formatShare(share)}`);
  return [...named, ...(to.length > maxTargets ? [`${to.length - maxTargets} more`] : [])].join(', ');
}

/** The same as a phrase about the region. */
function describeMove(move: FailoverMove): string {
  if (move.to.length > 0) return `its tasks go to ${formatTargets(move)}`;
  return move.held ? `its tasks are held: ${move.reason}` : `its tasks are not moved: ${move.reason}`;
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

const because = ({ error }: RegionHealth): string => (error === null ? '' : ` (${error})`);

/** Who takes tasks: a share that moves by itself is no news. */
const takers = (move: FailoverMove | undefined): string =>
  move === undefined ? '' : [move.held, ...move.to.map(({ region }) => region).sort()].join();

function statusChange(before: RegionHealth, after: RegionHealth, move: FailoverMove | undefined): string {
  const name = after.region;
  if (before.status === 'unhealthy' && isServing(after.status)) {
    return `${name} is back: ${after.status}${because(after)}; its own tasks return to it`;
  }
  const change = `${name}: ${before.status} -> ${after.status}${because(after)}`;
  return move === undefined ? change : `${change}; ${describeMove(move)}`;
}

/** Numbers that change while the reason stays the same. */
const counts = /, \d+ of \d+$|\b\d+(?= waiting)/g;
const isRecovering = ({ error }: RegionHealth): boolean => error?.startsWith('answers again') === true;

/** The reason for a status, where it is another one than before; a status that stays is worth one line then. */
function reasonChange(before: RegionHealth, after: RegionHealth): readonly string[] {
  const [was, is] = [before, after].map(({ error }) => error?.replace(counts, '') ?? null);
  // The end of a recovery is reported, and its steps are no reason.
  if (was === is || isRecovering(before) || isRecovering(after)) return [];
  return [`${after.region}: still ${after.status} (${before.error ?? 'no error'} -> ${after.error ?? 'no error'})`];
}

function regionChanges(before: HealthFrame, after: HealthFrame): readonly string[] {
  const healthBefore = new Map(before.regions.map((each) => [each.region, each]));
  const moveBefore = new Map(before.failover.map((each) => [each.from, each]));
  const moves = new Map(after.failover.map((each) => [each.from, each]));
  return after.regions.flatMap((now) => {
    const known = healthBefore.get(now.region);
    const move = moves.get(now.region);
    if (known !== undefined && known.status !== now.status) return [statusChange(known, now, move)];
    const isMoved = move !== undefined && takers(move) !== takers(moveBefore.get(now.region));
    return [
      ...(known === undefined ? [] : reasonChange(known, now)),
      ...(isMoved ? [`${now.region}: ${describeMove(move)} from now on`] : []),
    ];
  });
}

function apiChange({ api: before }: HealthFrame, { api: after }: HealthFrame): readonly string[] {
  if (before.reachable === after.reachable) return [];
  return [`CaptchaAI API: ${after.reachable ? 'reachable again' : `not reachable (${after.error ?? 'no answer'})`}`];
}

/** The changes between two health reports, one line each. */
export function describeChanges(before: HealthFrame, after: HealthFrame): readonly string[] {
  const note = after.note !== null && after.note !== before.note ? [after.note] : [];
  return [...regionChanges(before, after), ...apiChange(before, after), ...note];
}
