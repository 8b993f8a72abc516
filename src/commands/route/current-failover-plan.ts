import type { Context } from '../../cli/context.ts';
import { frameOf, probeOnce, targetsOf } from '../../cli/regions/health-report.ts';
import type { Config } from '../../config/schema.ts';
import type { FailoverMove } from '../../core/regions/failover-plan.ts';
import type { RouteDecision } from '../../core/routing/route-decision.ts';
import { isServing, type Region } from '../../domain/region.ts';

/** Where the tasks of a page go while the failover plan stands. */
export interface CurrentFailoverPlan {
  /** The region that takes them; null where they are held, or belong to no region. */
  effective(decision: RouteDecision, url: string): string | null;
  readonly moves: readonly FailoverMove[];
}

/** A number in [0, 1) that is always the same for a text (FNV-1a, https://www.rfc-editor.org/rfc/rfc9923). */
function portionOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  // Its upper bits hardly depend on the end of the text, where the URLs of one site differ.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32;
}

function targetOf({ to }: FailoverMove, portion: number): string | null {
  let end = 0;
  for (const { region, share } of to) {
    end += share;
    if (portion < end) return region;
  }
  // Shares are rounded: theirs may add up to a little less than 1.
  return to.at(-1)?.region ?? null;
}

/** Spreads the pages of a region by the shares of its move: the same page always goes to the same place. */
export function createCurrentFailoverPlan(
  moves: readonly FailoverMove[],
  regions: readonly Region[],
): CurrentFailoverPlan {
  const byRegion = new Map(moves.map((move) => [move.from, move]));
  const groups = new Map(regions.map(({ name, residency }) => [name, residency]));
  return {
    moves,
    effective: ({ region, strict }, url) => {
      const move = region === null ? undefined : byRegion.get(region);
      if (region === null || move === undefined) return region;
      if (move.to.length === 0) return move.held ? null : region;
      // A group is kept by the plan itself; without one, a strict rule means the region alone.
      if (strict && (groups.get(region) ?? null) === null) return null;
      return targetOf(move, portionOf(url));
    },
  };
}

/** Asks every region once how it is, tells which do not serve, and plans where their tasks go. */
export async function loadCurrentFailoverPlan(config: Config, context: Context): Promise<CurrentFailoverPlan> {
  const { terminal } = context;
  const { regions, failover } = config;
  const frame = frameOf(await probeOnce(targetsOf(config), config, context), regions, failover);
  for (const { region, status, error } of frame.regions) {
    if (!isServing(status)) terminal.note(`${region} is ${status}${error === null ? '' : `: ${error}`}`);
  }
  if (frame.note !== null) terminal.note(`note: ${frame.note}`);
  return createCurrentFailoverPlan(frame.failover, regions);
}
