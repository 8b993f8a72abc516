import type { Config } from '../../config/schema.ts';
import { FleetFailover } from '../../core/fleet/fleet-failover.ts';
import type { Moved } from '../../core/fleet/move-tasks.ts';
import { QueueClient } from '../../core/fleet/queue-client.ts';
import { FailoverRouter } from '../../core/regions/failover-router.ts';
import type { HealthReport } from '../../core/regions/probe-regions.ts';
import { ScaleToZeroDetector } from '../../core/regions/scale-to-zero.ts';
import { watchRegions } from '../../core/regions/watch-regions.ts';
import { compileRouter } from '../../core/routing/region-router.ts';
import { UsageError } from '../../domain/errors.ts';
import type { Task } from '../../domain/task.ts';
import type { RegionProbe } from '../../ports/api.ts';
import type { ResultQueue, TaskQueue } from '../../ports/queues.ts';
import type { Context } from '../context.ts';
import { describeChanges } from '../regions/health-format.ts';
import { frameOf, type HealthFrame } from '../regions/health-report.ts';
import { checkQueueUrls, hasWorkersElsewhere, queueUrls, resultsUrl } from './fleet-queues.ts';

/** Probes the regions, and the queues of regions that do not answer. */
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
  return new ScaleToZeroDetector(await context.regionProbe(config), depthOf);
}

/** That a region finds something to do, or does not, is no news. */
function withoutIdle(report: HealthReport): HealthReport {
  const regions = report.regions.map((each) =>
    each.status === 'idle' ? { ...each, status: 'healthy' as const, error: null } : each,
  );
  return { ...report, regions };
}

/** The reports, with what changes told to people. */
async function* logChanges(
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
function movedText(from: string, { byRegion, kept }: Moved): string {
  const parts = [...byRegion].map(([region, count]) => `${count} to ${region}`);
  const stayed = kept > 0 ? [`${kept} held: no eligible target region`] : [];
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
  await failover.follow(logChanges(reports, config, context), signal);
}

/** The run whose tasks go through the queues. */
export interface FleetRun {
  readonly run: string;
  /** Whether an earlier process of the run may have queued tasks. */
  readonly isResumed: boolean;
}

/** The queues of every region, the results, and who decides where tasks go. */
export interface Fleet {
  readonly config: Config;
  readonly queueClient: QueueClient;
  readonly failover: FleetFailover;
  readonly queues: ReadonlyMap<string, TaskQueue>;
  readonly results: ResultQueue;
  /** False if the place of a queued task cannot be known: the queues do not remember it and there is no result store. */
  readonly remembers: boolean;
  /** Whether a task must not leave the residency group of its region. */
  isStrict(task: Task): boolean;
}

/** Tells once that a queue is away, and once that it is back. */
function createQueueReporter({ terminal }: Context): (region: string | null, message: string | null) => void {
  const unavailable = new Set<string | null>();
  return (region, message) => {
    const name = region === null ? 'the results' : region;
    if (message === null) {
      if (unavailable.delete(region)) terminal.note(`the queue of ${name} is reachable again`);
    } else if (!unavailable.has(region)) {
      unavailable.add(region);
      terminal.note(`waiting for the queue of ${name}: ${message}`);
    }
  };
}

/** A region chosen by the user overrides the routing rules. */
function strictRule({ regions, routes }: Config): Fleet['isStrict'] {
  const router = compileRouter(regions, routes);
  return ({ rule, pageurl, params }) => {
    const page = pageurl ?? params['pageurl'] ?? null;
    return rule !== 'chosen' && page !== null && router.route(page).strict;
  };
}

/** Opens the queues that a configuration names, for the tasks of one run. Throws `UsageError` where some are missing. */
export async function openFleet({ run, isResumed }: FleetRun, config: Config, context: Context): Promise<Fleet> {
  const urls = queueUrls(config);
  const opener = await context.queues(config);
  const opened = [...urls].map(async ([region, url]) => [region, await opener.tasks(region, url)] as const);
  const queues = new Map(await Promise.all(opened));
  const results = await opener.results(resultsUrl(config));
  const isShared = hasWorkersElsewhere(config);
  const state = isShared ? await opener.state() : null;
  const { clock, random, terminal } = context;
  const router = new FailoverRouter(config.failover, { clock, random });
  const onMoved: ConstructorParameters<typeof FleetFailover>[0]['onMoved'] = (from, moved) =>
    terminal.note(movedText(from, moved));
  const failover = new FleetFailover({ router, regions: config.regions, queues, onMoved });
  const notify = createQueueReporter(context);
  const onUnavailable = (region: string | null, message: string | null): void => {
    if (region !== null) failover.noteQueue(region, message);
    notify(region, message);
  };
  const place = failover.place.bind(failover);
  const log = (message: string): void => terminal.note(message);
  const deps = { queues, results, state, isResumed, place, clock, onUnavailable, notify: log };
  const remembers = !isShared || state !== null;
  return {
    ...{ config, queueClient: new QueueClient(run, deps), failover, queues, results, remembers },
    isStrict: strictRule(config),
  };
}

/** Throws `UsageError` where queues are missing, or a task without a page would have none. */
export function checkFleet(config: Config, chosen: string | undefined, { env }: Context): void {
  queueUrls(config);
  resultsUrl(config);
  checkQueueUrls(config, env);
  if (chosen !== undefined || config.routes.default !== null) return;
  throw new UsageError(
    'routes.default is not set, so tasks without a matching rule have no queue',
    'set routes.default in the config file, or use --region NAME',
  );
}
