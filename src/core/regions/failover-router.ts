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
 * The share of its own tasks that each region gets back after an outage: 0 when it is first seen serving again, growing
 * linearly to 1 after `rampMs`. A region that was never unhealthy gets all its tasks.
 */
class Failback {
  readonly #rampMs: number;
  readonly #clock: Clock;
  readonly #down = new Set<string>();
  readonly #servingSinceMs = new Map<string, number>();

  /** `rampMs: null` gives all tasks back at once. */
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

  /** True if the region was unhealthy and has not been seen serving since. */
  isDown(region: string): boolean {
    return this.#down.has(region);
  }

  /** The share 0..1 for a serving region. */
  shareOf(region: string): number {
    const sinceMs = this.#servingSinceMs.get(region);
    if (sinceMs === undefined || this.#rampMs === 0) return 1;
    return Math.min(1, (this.#clock.nowMs() - sinceMs) / this.#rampMs);
  }
}

export interface FailoverRouterOptions extends FailoverOptions {
  /** Time until a recovered region gets its full share, in ms; null for at once. */
  readonly rampMs: number | null;
}

/** A task to place. */
export interface HomedTask {
  /** The region of its route. */
  readonly home: string;
  /**
   * True if the task must stay in the residency group of its home region, or in the home region if that has no group.
   */
  readonly strict: boolean;
}

/** The region for a task. */
export interface Placement {
  /** Null if the task must wait. */
  readonly region: string | null;
  /** A phrase for the user. */
  readonly reason: string;
}

/** A recovering region keeps at least this weight, so that it takes tasks at once if it is the only candidate. */
const minShare = 0.01;

/**
 * Places one task at a time: in its home region if that serves, otherwise in a random region, weighted by the shares of
 * the failover plan. The plan counts all tasks redirected since the regions were measured. The choice is random because
 * many clients with the same stale measurements would otherwise all choose the same region.
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

  /** Takes a new measurement of all regions, which includes the tasks sent before it. Call it once per measurement. */
  observe(measured: readonly { readonly region: Region; readonly health: RegionHealth }[]): void {
    const states = measured.map(({ region, health }) => ({ region, health, redirectedCount: 0 }));
    this.#regions = new Map(estimateLoads(states).map((each) => [each.region.name, each]));
    this.#sentCounts = new Map();
    this.#failback.observe(measured.map(({ health }) => health));
  }

  /** Chooses a region and counts the task there. Throws `RangeError` for an unmeasured home region. */
  place({ home: name, strict }: HomedTask): Placement {
    const home = this.#regions.get(name);
    if (home === undefined) throw new RangeError(`unknown region ${name}`);
    const { status } = home.health;
    const isBound = strict && home.region.residency === null;
    // If nothing is known of an unhealthy region any more, it has not recovered, unless it is never probed.
    const isUnknown = status === 'unknown' && (home.region.health === null || !this.#failback.isDown(name));
    if (isUnknown || (isServing(status) && (isBound || this.#isBack(name)))) {
      return { region: name, reason: 'its own region' };
    }
    const target = isBound ? null : this.#draw(this.#targetsOf(home));
    if (target === null) return this.#withoutTarget(home, isBound);
    this.#sentCounts.set(target, (this.#sentCounts.get(target) ?? 0) + 1);
    return { region: target, reason: isServing(status) ? `${name} is recovering` : `${name} is unhealthy` };
  }

  #isBack(name: string): boolean {
    const share = this.#failback.shareOf(name);
    return share >= 1 || this.#random.next() < share;
  }

  /** A recovering region takes redirected tasks with the same ramp as its own. */
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
    // Rounding: the shares may add up to slightly less than 1.
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
