import type { FailoverMove } from '../../core/routing/failover.ts';
import type { RouteRow } from './route-row.ts';

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
  /** Under the failover plan; null where nobody asked for it. */
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

  mostFirst(): readonly RegionCount[] {
    return [...this.#counts].map(([region, count]) => ({ region, count })).sort((a, b) => b.count - a.count);
  }
}

/** Counts rows as they come. */
export class RouteTally {
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
    const present = moves === null ? null : { byRegion: this.#effective.mostFirst(), held, moves };
    const withoutRegion = urls - bad - routed;
    return { urls, bad, withoutRegion, routed, byRegion: this.#assigned.mostFirst(), ...regions, present };
  }
}
