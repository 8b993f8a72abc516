import type { Config } from '../../config/schema.ts';
import { type FailoverMove, type FailoverOptions, planFailover } from '../../core/regions/failover-plan.ts';
import { type HealthReport, type HealthTargets, probeRegions } from '../../core/regions/probe-regions.ts';
import { UsageError } from '../../domain/errors.ts';
import { isServing, type Region, type RegionHealth } from '../../domain/region.ts';
import type { QueueDepth } from '../../ports/queues.ts';
import type { Context } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { QueueDepthProbe } from './queue-depth-probe.ts';

/** Whether all, some or none of the regions that can be asked serve. */
export function exitCodeOfHealth(health: readonly RegionHealth[], { regions }: HealthTargets): number {
  const asked = new Set(regions.filter((region) => region.health !== null).map(({ name }) => name));
  const counted = health.filter(({ region }) => asked.has(region));
  const serving = counted.filter(({ status }) => isServing(status)).length;
  if (serving === counted.length) return exitCodes.done;
  return serving === 0 ? exitCodes.unavailable : exitCodes.notAllSolved;
}

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

/** What a configuration gives to look at. Throws `UsageError` where that is nothing. */
export function targetsOf({ regions, api: { baseUrl } }: Config): HealthTargets {
  // Lines of their own, short enough for a screen of 80 columns, so that they can be copied.
  const example = 'for example:\n    {"name": "us-east-1", "health": "https://workers.example.com/health"}';
  if (regions.length === 0) {
    throw new UsageError(
      'no regions are configured',
      `add them under "regions" in the config file, ${example}\n  simulated regions:\n    captcha --sandbox health`,
    );
  }
  if (regions.every(({ health }) => health === null)) {
    throw new UsageError('no region has a health endpoint', `set regions[].health, ${example}`);
  }
  return { regions, baseUrl };
}

/** Without a history, a starting region looks like a dead one. Only an empty queue shows that it is idle. */
const ifEmpty = (depth: QueueDepth): QueueDepth | null => (depth.waiting + depth.inFlight === 0 ? depth : null);

/**
 * The health of every region by one probe: where nothing listens it is idle if its queue is empty, and if tasks wait it
 * is as the probe says, with as many tasks as its queue says. Takes some seconds
 * more than `health.timeout` where a queue does not answer either.
 */
export async function probeOnce(targets: HealthTargets, config: Config, context: Context): Promise<HealthReport> {
  const { clock } = context;
  const probe = new QueueDepthProbe(await context.regionProbe(config), { config, context, judge: ifEmpty });
  const report = await probeRegions(targets, config.health, { probe, clock });
  const endpoints = new Map(targets.regions.map(({ name, health }) => [name, health]));
  const byQueue = (health: RegionHealth): RegionHealth => {
    const depth = probe.depthAt(endpoints.get(health.region) ?? '');
    return depth === null ? health : { ...health, queueDepth: depth.waiting };
  };
  return { ...report, regions: report.regions.map(byQueue) };
}
