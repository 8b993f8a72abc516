import type { FailoverMove } from '../../core/routing/failover.ts';
import { isServing, type RegionHealth } from '../../domain/region.ts';
import { describeMove } from '../output/health-format.ts';
import type { HealthFrame } from './health-frame.ts';

const because = ({ error }: RegionHealth): string => (error === null ? '' : ` (${error})`);

/** Who takes tasks: a share that moves by itself is no news. */
const takers = (move: FailoverMove | undefined): string =>
  move === undefined ? '' : [move.held, ...move.to.map(({ region }) => region).sort()].join();

function statusChange(before: RegionHealth, after: RegionHealth, move: FailoverMove | undefined): string {
  const name = after.region;
  if (before.status === 'unhealthy' && isServing(after.status)) {
    return `${name} is back: ${after.status}${because(after)}; takes its own tasks again`;
  }
  const change = `${name}: ${before.status} -> ${after.status}${because(after)}`;
  return move === undefined ? change : `${change}; ${describeMove(move)}`;
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
    return isMoved ? [`${now.region}: ${describeMove(move)} from now on`] : [];
  });
}

function apiChange({ api: before }: HealthFrame, { api: after }: HealthFrame): readonly string[] {
  if (before.reachable === after.reachable) return [];
  return [`CaptchaAI API: ${after.reachable ? 'reachable again' : `not reachable (${after.error ?? 'no answer'})`}`];
}

/** What is new between two looks, a line each, in the words of somebody who tells a colleague. */
export function describeChanges(before: HealthFrame, after: HealthFrame): readonly string[] {
  const note = after.note !== null && after.note !== before.note ? [after.note] : [];
  return [...regionChanges(before, after), ...apiChange(before, after), ...note];
}
