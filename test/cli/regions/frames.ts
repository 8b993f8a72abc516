import type { HealthFrame } from '../../../src/cli/regions/health-report.ts';
import type { RegionHealth } from '../../../src/domain/region.ts';

/** The time of the frames in these tests. */
export const now = Date.UTC(2026, 0, 2, 3, 4, 5);

/** A region that has been healthy for four minutes, with these differences. */
export function aHealth(region: string, special: Partial<RegionHealth> = {}): RegionHealth {
  const well = { status: 'healthy', latencyMs: 20.4, activeWorkers: 4, queueDepth: 7, error: null } as const;
  return { region, ...well, since: now - 250_000, ...special };
}

/** A region that answers 503. */
export function anUnhealthy(region: string, special: Partial<RegionHealth> = {}): RegionHealth {
  const ill = { status: 'unhealthy', activeWorkers: null, queueDepth: null, error: 'HTTP 503' } as const;
  return aHealth(region, { ...ill, ...special });
}

/** A frame with a reachable service and no redirects, with these differences. */
export function aFrame(regions: readonly RegionHealth[], special: Partial<HealthFrame> = {}): HealthFrame {
  return { regions, failover: [], api: { reachable: true, latencyMs: 45.2, error: null }, note: null, ...special };
}

/** `eu` to `us` and `ap`. */
export const spread = {
  from: 'eu',
  to: [
    { region: 'us', share: 0.6 },
    { region: 'ap', share: 0.4 },
  ],
  held: false,
  reason: 'by free capacity',
};
