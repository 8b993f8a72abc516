import type { Config } from '../../config/schema.ts';
import { type HealthReport, type HealthTargets, probeRegions } from '../../core/health/probe-regions.ts';
import type { RegionHealth } from '../../domain/region.ts';
import { isServing } from '../../domain/region.ts';
import type { QueueDepth } from '../../ports/task-queue.ts';
import type { Context } from '../context.ts';
import { QueueWitness } from './queue-witness.ts';

/** Without a history nobody can tell a region that wakes up from one that died: only an empty queue speaks for it. */
const ifEmpty = (depth: QueueDepth): QueueDepth | null => (depth.waiting + depth.inFlight === 0 ? depth : null);

/**
 * How every region is by one look: where nobody answers and its queue is empty it is idle, and where tasks wait there it
 * is as the probe says, with as many tasks as its queue says. Takes some seconds
 * more than `health.timeout` where a queue does not answer either.
 */
export async function probeOnce(targets: HealthTargets, config: Config, context: Context): Promise<HealthReport> {
  const { clock } = context;
  const probe = new QueueWitness(await context.regionProbe(config), { config, context, judge: ifEmpty });
  const report = await probeRegions(targets, config.health, { probe, clock });
  const endpoints = new Map(targets.regions.map(({ name, health }) => [name, health]));
  const byQueue = (health: RegionHealth): RegionHealth => {
    const depth = probe.depthAt(endpoints.get(health.region) ?? '');
    if (depth === null) return health;
    // Nobody answered, so nothing was measured.
    const latencyMs = isServing(health.status) ? null : health.latencyMs;
    return { ...health, latencyMs, queueDepth: depth.waiting };
  };
  return { ...report, regions: report.regions.map(byQueue) };
}
