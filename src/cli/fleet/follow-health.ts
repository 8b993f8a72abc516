import type { Config } from '../../config/schema.ts';
import type { FleetFailover } from '../../core/fleet/fleet-failover.ts';
import type { Moved } from '../../core/fleet/move-tasks.ts';
import { SleepingRegions } from '../../core/fleet/sleeping-regions.ts';
import type { HealthReport } from '../../core/health/probe-regions.ts';
import { watchRegions } from '../../core/health/watch-regions.ts';
import type { RegionProbe } from '../../ports/region-probe.ts';
import type { TaskQueue } from '../../ports/task-queue.ts';
import type { Context } from '../context.ts';
import { describeChanges } from '../health/describe-changes.ts';
import { frameOf, type HealthFrame } from '../health/health-frame.ts';

/** Asks the regions how they are, and their queues where nobody answers. */
export async function fleetProbe(
  config: Config,
  queues: ReadonlyMap<string, TaskQueue>,
  context: Context,
): Promise<RegionProbe> {
  const byUrl = new Map(config.regions.map(({ name, health }) => [health, queues.get(name)]));
  const depthOf = async (url: string) =>
    (await byUrl
      .get(url)
      ?.depth()
      .catch(() => null)) ?? null;
  return new SleepingRegions(await context.regionProbe(config), depthOf);
}

/** That a region finds something to do, or does not, is no news. */
function withoutIdle(report: HealthReport): HealthReport {
  const regions = report.regions.map((each) =>
    each.status === 'idle' ? { ...each, status: 'healthy' as const } : each,
  );
  return { ...report, regions };
}

/** The reports, with what changes told to people. */
async function* told(
  reports: AsyncIterable<HealthReport>,
  { regions, failover }: Config,
  { terminal }: Context,
): AsyncGenerator<HealthReport> {
  let before: HealthFrame | null = null;
  for await (const report of reports) {
    const frame = frameOf(withoutIdle(report), regions, failover);
    for (const change of before === null ? [] : describeChanges(before, frame)) terminal.note(change);
    before = frame;
    yield report;
  }
}

/** What was moved, in one line. */
export function movedText(from: string, { byRegion, kept }: Moved): string {
  const parts = [...byRegion].map(([region, count]) => `${count} to ${region}`);
  const stayed = kept > 0 ? [`${kept} stay: nobody may take them`] : [];
  return `${from}: ${[parts.length > 0 ? `moved ${parts.join(', ')}` : 'moved nothing', ...stayed].join('; ')}`;
}

/** Watches the regions for as long as a run lasts, and lets their tasks follow. */
export async function followHealth(
  failover: FleetFailover,
  { config, queues, signal }: { config: Config; queues: ReadonlyMap<string, TaskQueue>; signal: AbortSignal },
  context: Context,
): Promise<void> {
  const { regions, api, health } = config;
  if (regions.every((region) => region.health === null)) return;
  const { clock, random } = context;
  const probe = await fleetProbe(config, queues, context);
  const reports = watchRegions({ regions, baseUrl: api.baseUrl }, { ...health, signal }, { probe, clock, random });
  await failover.follow(told(reports, config, context), signal);
}
