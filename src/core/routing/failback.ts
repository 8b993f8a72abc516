import { isServing, type RegionHealth } from '../../domain/region.ts';
import type { Clock } from '../../ports/clock.ts';

/**
 * How much of its tasks each region gets back after an outage: none at the moment at which it is first seen to serve
 * again, all of them `rampMs` later, in a straight line between. One that was never seen unhealthy gets all from the start.
 */
export class Failback {
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
