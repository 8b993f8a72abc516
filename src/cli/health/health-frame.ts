import type { HealthReport } from '../../core/health/probe-regions.ts';
import type { FailoverMove, FailoverOptions } from '../../core/routing/failover.ts';
import { planFailover } from '../../core/routing/failover-plan.ts';
import type { Region } from '../../domain/region.ts';

/** How everything is at a moment, and where tasks go because of it. */
export interface HealthFrame extends HealthReport {
  readonly failover: readonly FailoverMove[];
}

/** Adds the failover plan to a report. */
export function frameOf(report: HealthReport, regions: readonly Region[], options: FailoverOptions): HealthFrame {
  const byName = new Map(regions.map((region) => [region.name, region]));
  const states = report.regions.flatMap((health) => {
    const region = byName.get(health.region);
    return region === undefined ? [] : [{ region, health, redirectedCount: 0 }];
  });
  return { ...report, failover: planFailover(states, options) };
}
