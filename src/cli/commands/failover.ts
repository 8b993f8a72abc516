import { type Command, Option } from 'commander';
import { type HealthReport, probeRegions } from '../../core/health/probe-regions.ts';
import { isServing } from '../../domain/region.ts';
import { UsageError } from '../../domain/usage-error.ts';
import type { Act } from '../act.ts';
import type { Context } from '../context.ts';
import { overridesOf } from '../flags.ts';
import { frameOf } from '../health/health-frame.ts';
import { targetsOf } from '../health/health-targets.ts';
import { failoverReport, renderFailover } from '../output/failover-view.ts';
import { exitCodeOfHealth } from './health.ts';

export interface FailoverFlags {
  readonly timeout?: string;
  readonly apply?: true;
  readonly drain?: string;
}

const examples = `
Examples:
  $ captcha failover
  $ captcha failover --json | jq '.failover[] | {from, held, to}'
  $ captcha --sandbox failover

Looks at every region once and prints where the tasks of those go that do not serve. Nothing is moved.
Exit code 0: all regions serve; 1: some do not; 4: none does; 2: none can be asked. Regions
without a health endpoint keep their tasks and do not count. No API key is needed.`;

/** Declares `captcha failover`. */
export function register(command: Command, act: Act): void {
  command
    .option('--timeout <duration>', 'wait so long for a region at most (config: health.timeout)')
    .addOption(new Option('--apply', 'move the waiting tasks').hideHelp())
    .addOption(new Option('--drain <region>', 'empty a healthy region').hideHelp())
    .addHelpText('after', examples)
    .action((flags: FailoverFlags) => act(run, flags));
}

/** Moving tasks takes queues: until there are some, nobody may believe that something was moved. */
function refuseToMove({ apply, drain }: FailoverFlags): void {
  const hint = 'this version prints the plan: leave the flag out';
  if (apply === true) throw new UsageError('--apply: this version cannot move tasks between queues', hint);
  if (drain !== undefined) throw new UsageError(`--drain ${drain}: this version cannot empty a queue`, hint);
}

/** Tells people why regions do not serve, for which the plan has no room. */
function explain({ regions, note }: HealthReport, { terminal }: Context): void {
  for (const { region, status, error } of regions) {
    if (!isServing(status)) terminal.note(`${region} is ${status}${error === null ? '' : `: ${error}`}`);
  }
  if (note !== null) terminal.note(`note: ${note}`);
}

/** Prints where the tasks of every region that does not serve go, and how many wait there. */
export async function run(flags: FailoverFlags, context: Context): Promise<number> {
  refuseToMove(flags);
  const { globals, terminal, clock } = context;
  const { config, warnings } = await context.config(
    overridesOf({ timeout: flags.timeout }, { timeout: 'health.timeout' }),
  );
  for (const warning of warnings) terminal.note(`warning: ${warning}`);
  const targets = targetsOf(config);
  const probe = await context.regionProbe(config);
  const health = await probeRegions(targets, config.health, { probe, clock });
  const report = failoverReport(frameOf(health, targets.regions, config.failover));
  explain(health, context);
  await (globals.json ? terminal.json(report) : terminal.result(renderFailover(report, terminal.columns)));
  return exitCodeOfHealth(health.regions, targets);
}
