import type { Command } from 'commander';
import type { CommandRunner, Context } from '../../cli/context.ts';
import { exitCodes } from '../../cli/exit-codes.ts';
import { overridesOf } from '../../cli/flags.ts';
import { getTaskQueueStatuses, openRegionQueues } from '../../cli/fleet/region-queues.ts';
import { helpText } from '../../cli/help.ts';
import { exitCodeOfHealth, frameOf, type HealthFrame, probeOnce, targetsOf } from '../../cli/regions/health-report.ts';
import type { Config } from '../../config/schema.ts';
import type { HealthReport, HealthTargets } from '../../core/regions/probe-regions.ts';
import { knownNames } from '../../domain/closest-name.ts';
import { UsageError } from '../../domain/errors.ts';
import { shellQuoted } from '../../domain/shell-word.ts';
import { isServing, type RegionHealth } from '../../domain/region.ts';
import { applyFailover } from './apply-failover.ts';
import { failoverReport, renderApplied, renderFailover } from './view.ts';

export interface FailoverFlags {
  readonly timeout?: string;
  readonly apply?: true;
  readonly drain?: string;
}

const examples = `
Checks every region once and prints the failover target for each unhealthy one. Nothing is moved without --apply or
--drain. A moved task keeps its id, and a task that is already paid for is not submitted again. Regions without a health
endpoint keep their tasks. No API key is needed.

Exit codes:
  0  all regions are serving
  1  some regions are not serving
  4  no region is serving
  2  no region has a health endpoint

Examples:
  $ captcha failover
  $ captcha failover --json | jq '.failover[] | {from, held, to}'
  $ captcha failover --apply
  $ captcha failover --drain eu-west-1
  $ captcha --sandbox failover`;

/** Declares `captcha failover`. */
export function register(command: Command, runCommand: CommandRunner): void {
  command
    .option('--timeout <duration>', "timeout for each region's health check (config: health.timeout)")
    .option('--apply', 'move the waiting tasks of unhealthy regions to their targets')
    .option('--drain <region>', 'move the waiting tasks of this region, whatever its state, to other regions')
    .addHelpText('after', helpText(examples))
    .action((flags: FailoverFlags) => runCommand(run, flags));
}

/** Tells people why regions do not serve, for which the plan has no room. */
function explain({ regions, note }: HealthReport, { terminal }: Context): void {
  for (const { region, status, error } of regions) {
    if (!isServing(status)) terminal.note(`${region} is ${status}${error === null ? '' : `: ${error}`}`);
  }
  if (note !== null) terminal.note(`note: ${note}`);
}

/** The last region that answers keeps its tasks: one that does not may sleep, and may as well be dead. */
function checkDrain(drain: string, { regions }: HealthTargets, health: readonly RegionHealth[]): void {
  if (!regions.some(({ name }) => name === drain)) {
    throw new UsageError(
      `--drain ${drain}: unknown region`,
      knownNames(
        drain,
        regions.map(({ name }) => name),
      ),
    );
  }
  const answers = ({ status, latencyMs }: RegionHealth): boolean => isServing(status) && latencyMs !== null;
  const others = health.filter((each) => each.region !== drain && answers(each));
  if (others.length === 0) {
    throw new UsageError(
      `--drain ${drain}: no other region is serving`,
      'there is no target for its tasks; see captcha health',
    );
  }
}

/** The health that the plan is made from: a region that is drained counts as one that does not serve. */
function withDrained({ regions, ...report }: HealthReport, drain: string | undefined): HealthReport {
  const drained = (each: RegionHealth): RegionHealth =>
    each.region === drain ? { ...each, status: 'unhealthy', error: 'drained manually' } : each;
  return { ...report, regions: regions.map(drained) };
}

/** How many tasks wait in the regions of the plan, where their endpoints do not say. */
async function withQueueDepths(frame: HealthFrame, config: Config, context: Context): Promise<HealthFrame> {
  const unknown = new Set(frame.regions.flatMap(({ region, queueDepth }) => (queueDepth === null ? [region] : [])));
  const asked = config.regions.filter(
    ({ name }) => unknown.has(name) && frame.failover.some(({ from }) => from === name),
  );
  const statuses = await getTaskQueueStatuses(context, config, asked);
  const depths = new Map(statuses.map(({ region, depth }) => [region, depth?.waiting ?? null]));
  const regions = frame.regions.map((each) => ({
    ...each,
    queueDepth: each.queueDepth ?? depths.get(each.region) ?? null,
  }));
  return { ...frame, regions };
}

/** Moves what the plan says, and prints what moved. */
async function apply(
  frame: HealthFrame,
  { config, drain }: { config: Config; drain: string | undefined },
  context: Context,
): Promise<number> {
  const { globals, terminal, interrupt } = context;
  const queues = await openRegionQueues(context);
  interrupt.listen({
    onFirst: () => terminal.note('stopping after the running moves'),
    onSecond: () => undefined,
  });
  const moves = frame.failover.filter(({ from }) => drain === undefined || from === drain);
  const applied = await applyFailover(moves, { config, queues }, context);
  const report = { ...failoverReport(frame), applied };
  await (globals.json ? terminal.json(report) : terminal.result(renderApplied(applied, terminal.columns)));
  return applied.some(({ error }) => error !== null) ? exitCodes.unavailable : exitCodes.done;
}

/** Without an outage there would be nothing to see. */
function stageOutage({ scriptSandbox, terminal }: Context): void {
  scriptSandbox({ regionOutage: ['eu-west-1:down:0s-24h'] });
  terminal.note('the sandbox simulates an outage of eu-west-1');
}

/** The command that applies the plan. */
function applyHint({ args }: Context): string {
  return `to move the waiting tasks:\n  captcha ${[...args, '--apply'].map(shellQuoted).join(' ')}`;
}

function checkFlags({ apply: isApplied, drain }: FailoverFlags): void {
  if (isApplied !== true || drain === undefined) return;
  throw new UsageError('--apply and --drain cannot be used together', 'run them one after the other');
}

/** Prints where the tasks of every region that does not serve go, and how many wait there; or moves them. */
export async function run(flags: FailoverFlags, context: Context): Promise<number> {
  checkFlags(flags);
  const { globals, terminal } = context;
  if (globals.sandbox && flags.drain === undefined) stageOutage(context);
  const { config, warnings } = await context.config(
    overridesOf({ timeout: flags.timeout }, { timeout: 'health.timeout' }),
  );
  for (const warning of warnings) terminal.note(`warning: ${warning}`);
  const targets = targetsOf(config);
  const health = await probeOnce(targets, config, context);
  explain(health, context);
  const { drain } = flags;
  if (drain !== undefined) checkDrain(drain, targets, health.regions);
  const planned = frameOf(withDrained(health, drain), targets.regions, config.failover);
  const frame = await withQueueDepths(planned, config, context);
  if (drain !== undefined || flags.apply === true) {
    const failed = await apply(frame, { config, drain }, context);
    return failed === exitCodes.done && drain === undefined ? exitCodeOfHealth(health.regions, targets) : failed;
  }
  const report = failoverReport(frame);
  await (globals.json ? terminal.json(report) : terminal.result(renderFailover(report, terminal.columns)));
  if (frame.failover.some(({ to }) => to.length > 0)) terminal.note(applyHint(context));
  return exitCodeOfHealth(health.regions, targets);
}
