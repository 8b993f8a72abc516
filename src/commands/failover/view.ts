import { formatShare } from '../../cli/format.ts';
import type { HealthFrame } from '../../cli/regions/health-report.ts';
import { renderTable } from '../../cli/table.ts';
import type { FailoverMove, FailoverTarget } from '../../core/regions/failover-plan.ts';
import type { RegionHealth } from '../../domain/region.ts';
import type { AppliedMove } from './apply-failover.ts';

/**
 * `total` tasks split by `shares`, which add up to 1: whole numbers that add up to `total`, each less than one away from
 * its exact part. What is left over goes to the largest fractions, the earlier share first (Hamilton's method).
 */
export function apportion(total: number, shares: readonly number[]): readonly number[] {
  const exact = shares.map((share) => share * total);
  const whole = exact.map(Math.floor);
  const left = total - whole.reduce((sum, each) => sum + each, 0);
  const byFraction = [...exact.keys()].sort((a, b) => fractionOf(exact[b]) - fractionOf(exact[a]) || a - b);
  const rounded = new Set(byFraction.slice(0, left));
  return whole.map((each, index) => each + Number(rounded.has(index)));
}

function fractionOf(exact = 0): number {
  return exact - Math.floor(exact);
}

/** A move with the tasks that it would move now. */
export interface BacklogMove extends FailoverMove {
  /** Tasks that wait in the queue of the region; null where it does not say. */
  readonly backlog: number | null;
  readonly to: readonly (FailoverTarget & { readonly tasks: number | null })[];
}

/** What `captcha failover` has to say. */
export interface FailoverReport {
  readonly regions: readonly Pick<RegionHealth, 'region' | 'status' | 'queueDepth' | 'error'>[];
  readonly failover: readonly BacklogMove[];
}

function withBacklog(move: FailoverMove, backlog: number | null): BacklogMove {
  const shares = move.to.map(({ share }) => share);
  const tasks = backlog === null ? [] : apportion(backlog, shares);
  const to = move.to.map((target, index) => ({ ...target, tasks: tasks[index] ?? null }));
  const { from, held, reason } = move;
  return { from, backlog, to, held, reason };
}

/** The plan, with the backlog of every region that does not serve shared among its targets. */
export function failoverReport({ regions, failover }: HealthFrame): FailoverReport {
  const depths = new Map(regions.map(({ region, queueDepth }) => [region, queueDepth]));
  return {
    regions: regions.map(({ region, status, queueDepth, error }) => ({ region, status, queueDepth, error })),
    failover: failover.map((move) => withBacklog(move, depths.get(move.from) ?? null)),
  };
}

const count = (tasks: number | null): string => tasks?.toLocaleString('en-US') ?? 'unknown';
const heldNote = 'held by its workers; tasks of dead workers can be moved in 20 s';

function rowsOf({ from, to, held, backlog, reason }: BacklogMove): readonly (readonly string[])[] {
  if (to.length === 0) return [[from, held ? '(held)' : '(home)', '-', count(backlog), reason]];
  return to.map(({ region, share, tasks }) => [from, region, formatShare(share), count(tasks), reason]);
}

/** One sentence where there is nothing to redirect. */
function allIsWell({ regions }: FailoverReport): string {
  const unknown = regions.filter(({ status }) => status === 'unknown').map(({ region }) => region);
  if (unknown.length > 0) return `Nothing to redirect. Unknown health, tasks not moved: ${unknown.join(', ')}.\n`;
  return regions.length === 1
    ? 'The only region is serving: nothing to redirect.\n'
    : `All ${regions.length} regions are serving: nothing to redirect.\n`;
}

/** The plan as a table: a row per redirect, for a screen of `columns` or (null) a pipe. */
export function renderFailover(report: FailoverReport, columns: number | null): string {
  const { failover } = report;
  if (failover.length === 0) return allIsWell(report);
  return renderTable(['from', 'to', 'share', 'tasks', 'reason'], failover.flatMap(rowsOf), columns);
}

/** What became of one region. What its workers hold is no reason to wait, but one to look again. */
function appliedRows({ from, moved, kept, keptWhy, inFlight, error }: AppliedMove): readonly (readonly string[])[] {
  const rows = [
    ...moved.map(({ region, tasks }) => [from, region, count(tasks), '']),
    ...(kept === 0 ? [] : [[from, '(stay)', count(kept), keptWhy ?? '']]),
    ...(inFlight === null || inFlight === 0 ? [] : [[from, '(held)', count(inFlight), heldNote]]),
    ...(error === null ? [] : [[from, '-', '-', error]]),
  ];
  return rows.length > 0 ? rows : [[from, '-', '0', 'no waiting tasks']];
}

/** The moved tasks as text. */
export function renderApplied(applied: readonly AppliedMove[], columns: number | null): string {
  if (applied.length === 0) return 'Nothing to move.\n';
  return renderTable(['from', 'to', 'tasks', 'note'], applied.flatMap(appliedRows), columns);
}
