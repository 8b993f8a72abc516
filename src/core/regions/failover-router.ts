import { isServing, type Region, type RegionHealth } from '../../domain/region.ts';
import type { Clock, Random } from '../../ports/system.ts';
import {
  candidatesFor,
  estimateLoads,
  type FailoverOptions,
  type FailoverTarget,
  type LoadedRegion,
  shortestQueue,
  spreadOver,
  stuckReason,
} from './failover-plan.ts';

/**
 * How much of its tasks each region gets back after an outage: none at the moment at which it is first seen to serve
 * again, all of them `rampMs` later, in a straight line between. One that was never seen unhealthy gets all from the start.
 */
class Failback {
  readonly #rampMs: number;
  readonly #clock: Clock;
  readonly #down = new Set<string>();
  readonly #servingSinceMs = new Map<string, number>();

  /** `rampMs` null: everything at once. */
  constructor(rampMs: number | null, { clock }: { clock: Clock }) {
    this.#rampMs = rampMs ?? 0;
    this.#clock = clock;
  }

  observe(regions: readonly RegionHealth[]): void {
    const nowMs = this.#clock.nowMs();
    for (const { region, status } of regions) {
      if (status === 'unhealthy') this.#down.add(region);
      else if (isServing(status) && this.#down.delete(region)) this.#servingSinceMs.set(region, nowMs);
    }
  }

  /** 0..1, of a region that serves. */
  shareOf(region: string): number {
    const sinceMs = this.#servingSinceMs.get(region);
    if (sinceMs === undefined || this.#rampMs === 0) return 1;
    return Math.min(1, (this.#clock.nowMs() - sinceMs) / this.#rampMs);
  }
}

export interface FailoverRouterOptions extends FailoverOptions {
  /** How long a region that serves again takes to get its full share, in ms; null for at once. */
  readonly rampMs: number | null;
}

/** A task that must be placed. */
export interface HomedTask {
  /** The region that its route names. */
  readonly home: string;
  /** True where it must stay in the residency group of its home, or at home where that has none. */
  readonly strict: boolean;
}

/** Which region takes a task now. */
export interface Placement {
  /** Null where the task must wait. */
  readonly region: string | null;
  /** One phrase for a person. */
  readonly reason: string;
}

/** Where nobody else can take them, a region takes the tasks of others from its first moment. */
const minShare = 0.01;

/**
 * Places one task at a time: at home where that serves, elsewhere at random, weighted by the shares of the failover plan,
 * with everything counted that was sent elsewhere since the regions were measured. Random, since many clients with
 * the same stale measurements would otherwise all find the same best region.
 */
export class FailoverRouter {
  readonly #options: FailoverRouterOptions;
  readonly #random: Random;
  readonly #failback: Failback;
  #regions: ReadonlyMap<string, LoadedRegion> = new Map();
  #sentCounts = new Map<string, number>();

  constructor(options: FailoverRouterOptions, { clock, random }: { clock: Clock; random: Random }) {
    this.#options = options;
    this.#random = random;
    this.#failback = new Failback(options.rampMs, { clock });
  }

  /** Takes in a fresh measurement of all regions, which shows what was sent before; call once for each. */
  observe(measured: readonly { readonly region: Region; readonly health: RegionHealth }[]): void {
    const states = measured.map(({ region, health }) => ({ region, health, redirectedCount: 0 }));
    this.#regions = new Map(estimateLoads(states).map((each) => [each.region.name, each]));
    this.#sentCounts = new Map();
    this.#failback.observe(measured.map(({ health }) => health));
  }

  /** Decides, and counts on the task being sent there. Throws `RangeError` for a home that was not measured. */
  place({ home: name, strict }: HomedTask): Placement {
    const home = this.#regions.get(name);
    if (home === undefined) throw new RangeError(`unknown region ${name}`);
    const { status } = home.health;
    const isBound = strict && home.region.residency === null;
    if (status === 'unknown' || (isServing(status) && (isBound || this.#isBack(name)))) {
      return { region: name, reason: 'its own region' };
    }
    const target = isBound ? null : this.#draw(this.#targetsOf(home));
    if (target === null) return this.#withoutTarget(home, isBound);
    this.#sentCounts.set(target, (this.#sentCounts.get(target) ?? 0) + 1);
    return { region: target, reason: status === 'unhealthy' ? `${name} is unhealthy` : `${name} is recovering` };
  }

  #isBack(name: string): boolean {
    const share = this.#failback.shareOf(name);
    return share >= 1 || this.#random.next() < share;
  }

  /** A region that is coming back takes the tasks of others as gently as its own. */
  #targetsOf(home: LoadedRegion): readonly FailoverTarget[] {
    const present = [...this.#regions.values()].map((each) => ({
      ...each,
      capacity: each.capacity * Math.max(minShare, this.#failback.shareOf(each.region.name)),
      load: each.load + (this.#sentCounts.get(each.region.name) ?? 0),
    }));
    const candidates = candidatesFor(home.region, present);
    return this.#options.strategy === 'spread' ? spreadOver(candidates, home) : shortestQueue(candidates, home);
  }

  #draw(targets: readonly FailoverTarget[]): string | null {
    let left = targets.length > 1 ? this.#random.next() : 0;
    for (const { region, share } of targets) {
      if (left < share) return region;
      left -= share;
    }
    // Shares add up to 1 but for the rounding.
    return targets.at(-1)?.region ?? null;
  }

  #withoutTarget(home: LoadedRegion, isBound: boolean): Placement {
    const { name } = home.region;
    if (isServing(home.health.status)) return { region: name, reason: 'its own region' };
    const isAllDown = ![...this.#regions.values()].some(({ health }) => isServing(health.status));
    const sendHome = isAllDown && this.#options.onAllDown === 'home';
    if (sendHome) return { region: name, reason: 'no healthy region: tasks stay in their own region' };
    return { region: null, reason: isBound ? `strict, and ${name} has no residency group` : stuckReason(home.region) };
  }
}
