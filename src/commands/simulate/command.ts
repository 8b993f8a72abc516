import type { Command } from 'commander';
import type { CommandRunner, Context } from '../../cli/context.ts';
import { exitCodes } from '../../cli/exit-codes.ts';
import { budgetOverrides } from '../../cli/flags.ts';
import { helpText } from '../../cli/help.ts';
import { resilienceOptions } from '../../cli/resilience-options.ts';
import type { Config } from '../../config/schema.ts';
import type { RetryBudgetOptions } from '../../core/resilience/retry-budget.ts';
import { compareStrategies, type ComparisonRequest } from '../../core/simulation/compare-strategies.ts';
import { compareDelivery } from '../../core/simulation/delivery.ts';
import { deliveryOf } from '../../core/simulation/scenario.ts';
import { UsageError } from '../../domain/errors.ts';
import { advise } from './advise.ts';
import { renderHtml } from './html.ts';
import { declareSimulateFlags, readBreaker, readScenario, readStrategies, type SimulateFlags } from './request.ts';
import { renderReport } from './view.ts';

const examples = `
Runs the production solver in virtual time against a simulated service. Nothing is sent. The retry, budget, breaker,
polling and batch.concurrency settings come from the configuration. The first table compares strategies during the outage.
The second table shows what your polling costs without an outage: the time between ready and delivered, polls, and idle threads.
The strategies equal-jitter and aws-decorrelated are for comparison only.

Examples:
  $ captcha simulate
  $ captcha simulate --clients 500 --rate 30/s --outage 2m --strategy full-jitter --html storm.html
  $ captcha simulate --clients 50 --outage 60s-90s --budget 10/s --breaker off
  $ captcha simulate --clients 8 --solve-time 4s-8s --strategy full-jitter
  $ captcha simulate --advise --rate 20/s --outage 1m`;

/** Declares `captcha simulate`. */
export function register(command: Command, runCommand: CommandRunner): void {
  declareSimulateFlags(command)
    .addHelpText('after', helpText(examples))
    .action((flags: SimulateFlags) => runCommand(run, flags));
}

/** Flags that would be read and then not heeded are refused. */
function checkFlags(flags: SimulateFlags): void {
  const named = flags.strategy !== undefined || flags.html !== undefined || flags.budget !== undefined;
  if (flags.advise === true && (named || flags.breaker !== undefined)) {
    throw new UsageError(
      '--advise can only be combined with --rate, --clients, --solve-time, --outage, --duration and --seed',
      'omit the other options',
    );
  }
}

function budgetsOf(flags: SimulateFlags, config: Config): readonly (RetryBudgetOptions | null)[] {
  if (flags.budget === 'none') return [null];
  const { budget } = resilienceOptions(config);
  return flags.budget === undefined ? [null, budget] : [budget];
}

function requestOf(flags: SimulateFlags, config: Config): ComparisonRequest {
  const { maxAttempts, maxUnsolvable, baseDelayMs, maxDelayMs } = config.retry;
  return {
    scenario: readScenario(flags),
    strategies: readStrategies(flags),
    budgets: budgetsOf(flags, config),
    breakers: readBreaker(flags).map((on) => (on ? resilienceOptions(config).breaker : null)),
    limits: { maxAttempts, maxUnsolvable },
    baseDelayMs,
    maxDelayMs,
    timeoutMs: config.solve.timeoutMs,
  };
}

/** Lets an outage happen to every strategy, and says what became of each. */
export async function run(flags: SimulateFlags, context: Context): Promise<number> {
  checkFlags(flags);
  const { globals, terminal } = context;
  const { config, warnings } = await context.config(
    budgetOverrides(flags.budget === 'none' ? undefined : flags.budget),
  );
  for (const warning of warnings) terminal.note(`warning: ${warning}`);
  if (flags.advise === true) return advise(flags, config, context);
  const request = requestOf(flags, config);
  const simulation = await context.simulation();
  const comparison = await compareStrategies(request, simulation.env);
  const settings = { timing: simulation.timing(config), concurrency: config.batch.concurrency, isPlanned: true };
  const delivery = await compareDelivery(deliveryOf(request.scenario), settings, simulation.env);
  const report = { ...comparison, delivery };
  if (flags.html !== undefined) {
    await simulation.writeReport(flags.html, renderHtml(report, config));
    terminal.note(`report: ${flags.html}`);
  }
  await (globals.json ? terminal.json(report) : terminal.result(renderReport(report, config, terminal.columns)));
  return exitCodes.done;
}
