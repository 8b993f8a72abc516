import fc from 'fast-check';
import type { RegionState } from '../../../src/core/regions/failover-plan.ts';
import type { Region, RegionHealth } from '../../../src/domain/region.ts';

/** A healthy region that reports nothing, with these differences. */
export function aState(
  name: string,
  { redirectedCount = 0, ...special }: Partial<Region & RegionHealth> & { redirectedCount?: number } = {},
): RegionState {
  const { location = null, weight = 1, residency = null, ...health } = special;
  const silent = { latencyMs: null, activeWorkers: null, queueDepth: null, since: 0, error: null };
  return {
    region: { name, location, health: null, queue: null, weight, residency },
    health: { region: name, status: 'healthy', ...silent, ...health },
    redirectedCount,
  };
}

const count = fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 1_000_000_000 }));

/** A random fleet of one to eight regions, in two residency groups and outside them. */
export const anyFleet: fc.Arbitrary<readonly RegionState[]> = fc
  .array(
    fc.record({
      status: fc.constantFrom('healthy', 'degraded', 'idle', 'unhealthy', 'unhealthy', 'unknown'),
      activeWorkers: fc.option(count),
      queueDepth: fc.option(count),
      redirectedCount: count,
      residency: fc.constantFrom(null, 'eu', 'us'),
      weight: fc.double({ min: 0.01, max: 100, noNaN: true }),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((states) => states.map((state, index) => aState(`r${index}`, state)));
