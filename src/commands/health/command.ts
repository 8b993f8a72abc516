import type { Command } from 'commander';
import type { CommandRunner, Context } from '../../cli/context.ts';
import { exitCodes } from '../../cli/exit-codes.ts';
import { overridesOf } from '../../cli/flags.ts';
import { getTaskQueueStatuses } from '../../cli/fleet/region-queues.ts';
import { helpText } from '../../cli/help.ts';
import type { QueueFacts } from '../../cli/metrics/queue-metrics.ts';
import { exitCodeOfHealth, frameOf, type HealthFrame, probeOnce, targetsOf } from '../../cli/regions/health-report.ts';
import { QueueDepthProbe } from '../../cli/regions/queue-depth-probe.ts';
import type { Override } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { StatusRecord } from '../../core/regions/status-history.ts';
import type { HealthTargets } from '../../core/regions/probe-regions.ts';
import { UsageError } from '../../domain/errors.ts';
import { isLoopback } from '../../domain/loopback.ts';
import { renderPrometheus } from './prometheus.ts';
import { healthDocument, renderHealth } from './view.ts';
import { watchHealth } from './watch.ts';

export interface HealthFlags {
  readonly timeout?: string;
  /** True without an interval. */
  readonly watch?: string | true;
  readonly onChange?: string;
  readonly prometheus?: true;
}

const examples = `
Regions without a health endpoint are not checked. No API key is needed.

Exit codes:
  0  all regions are serving (healthy, degraded or idle)
  1  some regions are not serving (unhealthy)
  2  no regions are configured, or none has a health endpoint
  4  no region is serving

--watch ends with 0 after Ctrl-C or SIGTERM.

--on-change runs COMMAND with the change as JSON on its standard input and in CAPTCHA_REGION, CAPTCHA_STATUS and
CAPTCHA_WAS: once per change, one after the other, each for up to 30 s.

Examples:
  $ captcha health
  $ captcha health --watch 10s
  $ captcha health --json | jq '.regions[] | select(.status != "healthy")'
  $ captcha health --prometheus > captcha.tmp; mv captcha.tmp captcha.prom
  $ captcha health --watch --on-change 'logger "$CAPTCHA_REGION: $CAPTCHA_WAS -> $CAPTCHA_STATUS"'
  $ captcha --sandbox health --watch 1s`;

/** Declares `captcha health`. */
export function register(command: Command, runCommand: CommandRunner): void {
  command
    .option('--timeout <duration>', 'timeout for each health check (default: 5s; config: health.timeout)')
    .option('--watch [interval]', 'check repeatedly and report changes (default: 60s; config: health.interval)')
    .option('--on-change <command>', 'with --watch: run this shell command for every change of a status, see below')
    .option('--prometheus', 'print metrics in the Prometheus text format')
    .addHelpText('after', helpText(examples))
    .action((flags: HealthFlags) => runCommand(run, flags));
}

function overridesOfFlags({ timeout, watch }: HealthFlags): readonly Override[] {
  const interval = watch === true ? undefined : watch;
  return overridesOf({ timeout, watch: interval }, { timeout: 'health.timeout', watch: 'health.interval' });
}

function checkFlags({ watch, onChange, prometheus }: HealthFlags, { globals }: Context): void {
  if (onChange !== undefined && watch === undefined)
    throw new UsageError('--on-change needs --watch', 'a single check sees no change: add --watch');
  if (prometheus !== true) return;
  if (watch !== undefined) {
    throw new UsageError(
      '--prometheus cannot be used with --watch',
      'run captcha health --prometheus from cron or a systemd timer once a minute',
    );
  }
  if (globals.json) throw new UsageError('--prometheus cannot be used with --json', 'omit one of them');
}

/** Closer looks are for what runs on this machine: anything else would take them for an attack. */
const minIntervalMs = 1_000;

function checkInterval({ watch }: HealthFlags, { health, regions, api }: Config): void {
  const urls = [api.baseUrl, ...regions.flatMap((region) => region.health ?? [])];
  if (watch === undefined || health.intervalMs >= minIntervalMs || urls.every((url) => isLoopback(new URL(url))))
    return;
  const from = watch === true ? '--watch (health.interval)' : `--watch ${watch}`;
  throw new UsageError(
    `${from}: must be at least 1s`,
    'shorter intervals are allowed only if the API and all endpoints are on this machine',
  );
}

/** The queues, which tell of waiting tasks also if no worker answers. */
async function readQueues(config: Config, context: Context): Promise<readonly QueueFacts[]> {
  // The endpoints of the sandbox say what is in their queues, which are others than those of this process.
  if (context.globals.sandbox) return [];
  const statuses = await getTaskQueueStatuses(context, config);
  return statuses.flatMap(({ region, depth, error }) =>
    region === null || (depth !== null && !('dead' in depth)) ? [] : [{ region, isReachable: error === null, depth }],
  );
}

function show(frame: HealthFrame, { globals, terminal, clock }: Context): Promise<void> {
  if (globals.json) return terminal.json(healthDocument(frame));
  const { columns } = terminal;
  return terminal.result(
    renderHealth(frame, { columns, style: terminal.style.bind(terminal), now: clock.timestamp() }),
  );
}

/** How to take a simulated region down; null for real regions. */
function controlHint({ regions }: HealthTargets, { globals }: Context): string | null {
  const control = regions.at(-1)?.health?.replace(/\/health$/, '');
  if (!globals.sandbox || control === undefined) return null;
  return `to take a region down: curl -X POST '${control}?status=down' (or slow, healthy)`;
}

/** Checks every region, once or until a signal stops it, and prints health and failover targets. */
export async function run(flags: HealthFlags, context: Context): Promise<number> {
  checkFlags(flags, context);
  const { config, warnings } = await context.config(overridesOfFlags(flags));
  for (const warning of warnings) context.terminal.note(`warning: ${warning}`);
  const targets = targetsOf(config);
  checkInterval(flags, config);
  if (flags.watch !== undefined) {
    const probe = new QueueDepthProbe(await context.regionProbe(config), { config, context, judge: (depth) => depth });
    const { onChange = null } = flags;
    await watchHealth({ targets, config, probe, hint: controlHint(targets, context), onChange }, context);
    return exitCodes.done;
  }
  const [report, queues] = await Promise.all([
    probeOnce(targets, config, context),
    flags.prometheus === true ? readQueues(config, context) : [],
  ]);
  const record = new StatusRecord(await context.statusHistory(config), targets.regions, context);
  const dated = { ...report, regions: record.apply(report.regions) };
  const frame = frameOf(dated, targets.regions, config.failover);
  if (flags.prometheus === true) await context.terminal.data(renderPrometheus(frame, queues));
  else await show(frame, context);
  return exitCodeOfHealth(report.regions, targets);
}
