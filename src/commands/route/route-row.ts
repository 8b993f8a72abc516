import type { FailoverMove } from '../../core/regions/failover-plan.ts';
import type { RouteDecision, RuleConsidered } from '../../core/routing/route-decision.ts';

/** A URL without passwords and its route: one row of the output, in every format. */
export interface RouteRow {
  readonly url: string;
  readonly decision: RouteDecision;
  /** The queue of its region; null for none. */
  readonly queue: string | null;
  /** Where its task goes now; null without `--health`. */
  readonly present: { readonly effective: string | null } | null;
  /** Every rule that was considered; null without `--explain`. */
  readonly considered: readonly RuleConsidered[] | null;
}

/** Rows as text of one format. What has been answered is to be written before the next is asked for. */
export interface RouteText {
  /** The text that can be written now that this row is known: empty where rows are held back. */
  add(row: RouteRow): string;
  /** Whether rows are held back. */
  readonly hasBuffered: boolean;
  /** The rows that are held back, for an input that pauses. */
  release(): string;
  /** What is left when all rows are known. */
  end(): string;
}

export interface RegionCount {
  readonly region: string;
  readonly count: number;
}

/** Where the URLs of one run go. */
export interface RouteSummary {
  readonly urls: number;
  /** Texts that are no URLs. */
  readonly bad: number;
  /** URLs that nothing gives to a region. */
  readonly withoutRegion: number;
  /** URLs that have a region. */
  readonly routed: number;
  /** Most first. */
  readonly byRegion: readonly RegionCount[];
  readonly regionCount: number;
  /** Regions that no rule leads to. */
  readonly unreachable: readonly string[];
  /** With the failover plan applied; null without `--health`. */
  readonly present: {
    readonly byRegion: readonly RegionCount[];
    readonly held: number;
    readonly moves: readonly FailoverMove[];
  } | null;
}

class Counts {
  readonly #counts = new Map<string, number>();

  count(region: string): void {
    this.#counts.set(region, (this.#counts.get(region) ?? 0) + 1);
  }

  sortedByCount(): readonly RegionCount[] {
    return [...this.#counts].map(([region, count]) => ({ region, count })).sort((a, b) => b.count - a.count);
  }
}

/** Counts rows as they come. */
export class RouteStats {
  readonly #assigned = new Counts();
  readonly #effective = new Counts();
  #urls = 0;
  #bad = 0;
  #routed = 0;
  #held = 0;

  get urls(): number {
    return this.#urls;
  }

  get bad(): number {
    return this.#bad;
  }

  record({ decision: { region, error }, present }: RouteRow): void {
    this.#urls += 1;
    if (error !== null) this.#bad += 1;
    if (region === null || error !== null) return;
    this.#routed += 1;
    this.#assigned.count(region);
    if (present === null) return;
    if (present.effective === null) this.#held += 1;
    else this.#effective.count(present.effective);
  }

  summary(
    regions: Pick<RouteSummary, 'regionCount' | 'unreachable'>,
    moves: readonly FailoverMove[] | null,
  ): RouteSummary {
    const [urls, bad, routed, held] = [this.#urls, this.#bad, this.#routed, this.#held];
    const present = moves === null ? null : { byRegion: this.#effective.sortedByCount(), held, moves };
    const withoutRegion = urls - bad - routed;
    return { urls, bad, withoutRegion, routed, byRegion: this.#assigned.sortedByCount(), ...regions, present };
  }
}
