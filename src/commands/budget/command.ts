import type { Command } from 'commander';
import type { CommandRunner, Context } from '../../cli/context.ts';
import { exitCodes } from '../../cli/exit-codes.ts';
import { formatMoment, formatMs } from '../../cli/format.ts';
import { helpText } from '../../cli/help.ts';
import { budgetMetrics } from '../../cli/metrics/budget-metrics.ts';
import { single } from '../../cli/metrics/metric-table.ts';
import { renderPrometheusText } from '../../cli/metrics/prometheus-text.ts';
import { type SharedState, factsOfView } from '../../cli/shared-state.ts';
import { fillSandboxState } from '../../cli/sandbox-state.ts';
import { parseDuration } from '../../domain/duration.ts';
import { UsageError } from '../../domain/errors.ts';
import { auditRow, renderAudit } from './log-view.ts';
import { renderSolveTimes, solveTimesReport } from './solve-times-view.ts';
import { budgetLine, type BudgetReport, budgetReport, renderBudget, scopeOf } from './view.ts';

const home = '\u001b[H';
const clearToLineEnd = '\u001b[K';
const clearBelow = '\u001b[J';

type Show = (report: BudgetReport) => Promise<void>;

/** Redraws one screen in place; without a screen it prints a line per change. */
function showFor({ globals, terminal, clock, env }: Context, everyMs: number): Show {
  if (globals.json) return (report) => terminal.json({ ...report, at: formatMoment(clock.timestamp()) });
  let before = '';
  const { columns } = terminal;
  if (columns === null || env['TERM'] === 'dumb') {
    return async (report) => {
      const line = budgetLine(report);
      if (line !== before) await terminal.result(`${formatMoment(clock.timestamp()) ?? ''} ${line}\n`);
      before = line;
    };
  }
  return async (report) => {
    const title = `captcha budget, every ${formatMs(everyMs)} (Ctrl-C to stop)`;
    const lines = [title, '', ...renderBudget(report, columns).trimEnd().split('\n')];
    const makeRoom = before === '' ? '\n'.repeat(terminal.rows ?? lines.length) : '';
    before = title;
    const screen = lines.map((line) => `${line}${clearToLineEnd}\n`).join('');
    await terminal.screen(`${makeRoom}${home}${screen}${clearBelow}`);
  };
}

/** Shows the report repeatedly until a signal stops it, which is its regular end. */
async function watchBudget(look: () => Promise<BudgetReport>, everyMs: number, context: Context): Promise<void> {
  const { clock, interrupt } = context;
  const show = showFor(context, everyMs);
  interrupt.listen({ onFirst: () => undefined, onSecond: () => undefined });
  while (!interrupt.stop.aborted) {
    await show(await look());
    await clock.sleep(everyMs, interrupt.stop);
  }
  interrupt.markDrained();
}

export interface BudgetFlags {
  /** True without an interval. */
  readonly watch?: string | true;
  readonly reset?: true;
  readonly solveTimes?: true;
  readonly prometheus?: true;
}

export interface BudgetLogFlags {
  readonly last?: string;
}

const defaultIntervalMs = 1_000;

const examples = `
Every account has its own retry budget, so an API key is needed. Solve times belong to the service and need no key.

Examples:
  $ captcha budget
  $ captcha budget --watch 500ms
  $ captcha budget --reset
  $ captcha budget --solve-times
  $ captcha budget --prometheus > budget.tmp; mv budget.tmp budget.prom
  $ captcha budget log --last 20
  $ captcha budget log --json | jq '[.entries[] | select(.what == "retry")] | group_by(.task)'`;

/** Declares `captcha budget` and `captcha budget log`. */
export function register(command: Command, runCommand: CommandRunner): void {
  command
    .option('--watch [interval]', 'refresh continuously (default interval: 1s)')
    .option('--reset', 'reset: fill the budget, close the breaker, use the settings of this configuration')
    .option('--solve-times', 'show the solve times seen and the planned polls of each method')
    .option('--prometheus', 'print metrics in the Prometheus text format')
    .addHelpText('afterAll', helpText(examples))
    .action((flags: BudgetFlags) => runCommand(run, flags));
  command
    .command('log')
    .description('show the audit log: submissions, retries, refusals and their reasons')
    .option('--last <n>', 'show only the last n entries')
    .action((flags: BudgetLogFlags) => runCommand(log, flags));
}

function intervalOf(watch: string | true): number {
  if (watch === true) return defaultIntervalMs;
  const ms = parseDuration(watch);
  if (ms === null || ms < 50)
    throw new UsageError(`--watch ${watch}: not a valid interval`, 'use at least 50ms, for example 1s');
  return ms;
}

function countOf(last: string | undefined): number {
  if (last === undefined) return Infinity;
  if (!/^[1-9]\d*$/.test(last)) throw new UsageError(`--last ${last}: not a positive whole number`);
  return Number(last);
}

async function warnNotShared(reason: string, { globals, terminal }: Context): Promise<void> {
  const nothing = { place: null, reason, budget: null, breaker: null };
  if (globals.json) await terminal.json({ scope: 'process', ...nothing });
  terminal.note(`${reason}: every process has its own budget and breaker, so there is nothing shared to show`);
}

/** The shared state; null after a note if every process has its own. */
async function sharedState(context: Context): Promise<SharedState | null> {
  await fillSandboxState(context);
  const { config } = await context.config([]);
  const shared = await context.sharedState(config);
  if (shared === null) await warnNotShared('budget.scope is process', context);
  return shared;
}

/** Whether more than one process shares the budget; prints a note if not. */
async function isShared({ alone, fleetPlace }: SharedState, context: Context): Promise<boolean> {
  if (alone === undefined) return true;
  if (fleetPlace === undefined) await warnNotShared(alone, context);
  else context.terminal.note(`warning: ${alone}; only the fleet's budget is shared; every process has its own breaker`);
  return fleetPlace !== undefined;
}

/** Shows the solve times that the processes of this host have seen. */
async function showSolveTimes({ watch, reset }: BudgetFlags, context: Context): Promise<number> {
  if (watch !== undefined || reset === true)
    throw new UsageError('--solve-times cannot be combined with --watch or --reset', 'leave one of them out');
  await fillSandboxState(context);
  const { globals, terminal } = context;
  const { config } = await context.config([]);
  const learnt = await context.solveTimes(config);
  if (learnt === null) terminal.note('budget.scope is process: every process keeps its own solve times');
  const report = solveTimesReport(learnt, config.api.baseUrl);
  if (globals.json) await terminal.json(report);
  else if (report.methods.length > 0) await terminal.result(renderSolveTimes(report, terminal.columns));
  else if (learnt !== null) terminal.note(`no solve time of ${report.baseUrl} is known yet`);
  return exitCodes.done;
}

/** Prints the shared budget and breaker as metrics. */
async function printMetrics(shared: SharedState, { terminal, program }: Context): Promise<void> {
  const facts = factsOfView(await shared.look());
  const build = single('captcha_build_info', 1, { version: program.version, command: 'budget' });
  await terminal.data(renderPrometheusText([build, ...budgetMetrics(facts)]));
}

function checkPrometheus({ prometheus, watch, reset, solveTimes }: BudgetFlags, { globals }: Context): void {
  if (prometheus !== true) return;
  const others = {
    '--watch': watch,
    '--reset': reset,
    '--solve-times': solveTimes,
    '--json': globals.json || undefined,
  };
  const other = Object.entries(others).find(([, value]) => value !== undefined);
  if (other !== undefined) throw new UsageError(`--prometheus cannot be used with ${other[0]}`, 'omit one of them');
}

/** Shows the shared retry budget and breaker, once or repeatedly. With `--reset` it resets them first. */
export async function run(flags: BudgetFlags, context: Context): Promise<number> {
  checkPrometheus(flags, context);
  if (flags.solveTimes === true) return showSolveTimes(flags, context);
  const { watch, reset } = flags;
  const everyMs = watch === undefined ? null : intervalOf(watch);
  const shared = await sharedState(context);
  if (shared === null || !(await isShared(shared, context))) return exitCodes.done;
  if (reset === true) {
    await shared.reset();
    context.terminal.note('reset: the retry budget is full and the breaker is closed');
  }
  if (flags.prometheus === true) {
    await printMetrics(shared, context);
    return exitCodes.done;
  }
  const look = async (): Promise<BudgetReport> => budgetReport(await shared.look(), shared);
  const { globals, terminal } = context;
  if (everyMs !== null) await watchBudget(look, everyMs, context);
  else if (globals.json) await terminal.json(await look());
  else await terminal.result(renderBudget(await look(), terminal.columns));
  return exitCodes.done;
}

/** Prints the audit: the requests of every process and their results. */
export async function log({ last }: BudgetLogFlags, context: Context): Promise<number> {
  const count = countOf(last);
  const shared = await sharedState(context);
  if (shared === null) return exitCodes.done;
  const entries = [...shared.history()].slice(-count).map(auditRow);
  const { globals, terminal } = context;
  if (shared.alone !== undefined) terminal.note(`warning: ${shared.alone}; new events are not logged`);
  if (globals.json) await terminal.json({ scope: scopeOf(shared), place: shared.place, entries });
  else if (entries.length === 0) terminal.note('no events have been logged since this machine started');
  else await terminal.result(renderAudit(entries, terminal.columns));
  return exitCodes.done;
}
