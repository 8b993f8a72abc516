import type { Command } from 'commander';
import type { CommandRunner, Context } from '../../cli/context.ts';
import { exitCodes } from '../../cli/exit-codes.ts';
import { formatMoment, formatMs } from '../../cli/format.ts';
import type { SharedState } from '../../cli/shared-state.ts';
import { parseDuration } from '../../domain/duration.ts';
import { UsageError } from '../../domain/errors.ts';
import { auditRow, renderAudit } from './log-view.ts';
import { renderSolveTimes, solveTimesReport } from './solve-times-view.ts';
import { budgetLine, type BudgetReport, budgetReport, renderBudget, scopeOf } from './view.ts';

const home = '\u001b[H';
const clearToLineEnd = '\u001b[K';
const clearBelow = '\u001b[J';

type Show = (report: BudgetReport) => Promise<void>;

/** One screen that is written over in place; a line for every change where nothing can be redrawn. */
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
    const title = `captcha budget, every ${formatMs(everyMs)} (Ctrl-C ends)`;
    const lines = [title, '', ...renderBudget(report, columns).trimEnd().split('\n')];
    const makeRoom = before === '' ? '\n'.repeat(terminal.rows ?? lines.length) : '';
    before = title;
    const screen = lines.map((line) => `${line}${clearToLineEnd}\n`).join('');
    await terminal.result(`${makeRoom}${home}${screen}${clearBelow}`);
  };
}

/** Shows the report again and again, until a signal ends it: its regular end. */
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
}

export interface BudgetLogFlags {
  readonly last?: string;
}

const defaultIntervalMs = 1_000;

const examples = `
Examples:
  $ captcha budget
  $ captcha budget --watch 500ms
  $ captcha budget --reset
  $ captcha budget --solve-times
  $ captcha budget log --last 20
  $ captcha budget log --json | jq '[.entries[] | select(.what == "retry")] | group_by(.task)'

An API key is needed: every account has a budget of its own. Solve times are those of the service, and need none.`;

/** Declares `captcha budget` and `captcha budget log`. */
export function register(command: Command, runCommand: CommandRunner): void {
  command
    .option('--watch [interval]', 'show it again and again (every second)')
    .option('--reset', 'start anew: a full budget, a closed breaker, the settings of this configuration')
    .option('--solve-times', 'show how long tasks took to be solved, and when the next ones are polled')
    .addHelpText('afterAll', examples)
    .action((flags: BudgetFlags) => runCommand(run, flags));
  command
    .command('log')
    .description('who spent what, and why something was refused')
    .option('--last <n>', 'only the last n entries')
    .action((flags: BudgetLogFlags) => runCommand(log, flags));
}

function intervalOf(watch: string | true): number {
  if (watch === true) return defaultIntervalMs;
  const ms = parseDuration(watch);
  if (ms === null || ms < 50)
    throw new UsageError(`--watch ${watch}: not an interval`, 'at least 50ms, for example 1s');
  return ms;
}

function countOf(last: string | undefined): number {
  if (last === undefined) return Infinity;
  if (!/^[1-9]\d*$/.test(last)) throw new UsageError(`--last ${last}: not a number of entries`);
  return Number(last);
}

async function warnNotShared(reason: string, { globals, terminal }: Context): Promise<void> {
  const nothing = { place: null, reason, budget: null, breaker: null };
  if (globals.json) await terminal.json({ scope: 'process', ...nothing });
  terminal.note(`${reason}: every process has a budget and a breaker of its own, and shows them itself`);
}

/** Null where every process is to have its own, which is said. */
async function sharedState(context: Context): Promise<SharedState | null> {
  const { config } = await context.config([]);
  const shared = await context.sharedState(config);
  if (shared === null) await warnNotShared('budget.scope is process', context);
  return shared;
}

/** Whether there is a budget that more than one process has; where something hinders them, it is said. */
async function isShared({ alone, fleetPlace }: SharedState, context: Context): Promise<boolean> {
  if (alone === undefined) return true;
  if (fleetPlace === undefined) await warnNotShared(alone, context);
  else context.terminal.note(`warning: ${alone}; only the fleet's budget is shared, every process has its own breaker`);
  return fleetPlace !== undefined;
}

/** Shows what the processes of this host have learnt of the service's solve times. */
async function showSolveTimes({ watch, reset }: BudgetFlags, context: Context): Promise<number> {
  if (watch !== undefined || reset === true)
    throw new UsageError('--solve-times cannot be combined with --watch or --reset', 'leave one of them out');
  const { globals, terminal } = context;
  const { config } = await context.config([]);
  const learnt = await context.solveTimes(config);
  if (learnt === null) terminal.note('budget.scope is process: every process keeps solve times of its own');
  const report = solveTimesReport(learnt, config.api.baseUrl);
  if (globals.json) await terminal.json(report);
  else if (report.methods.length > 0) await terminal.result(renderSolveTimes(report, terminal.columns));
  else if (learnt !== null) terminal.note(`no solve time of ${report.baseUrl} is known yet`);
  return exitCodes.done;
}

/** Shows the shared retry budget and breaker, once or again and again, or resets them first. */
export async function run(flags: BudgetFlags, context: Context): Promise<number> {
  if (flags.solveTimes === true) return showSolveTimes(flags, context);
  const { watch, reset } = flags;
  const everyMs = watch === undefined ? null : intervalOf(watch);
  const shared = await sharedState(context);
  if (shared === null || !(await isShared(shared, context))) return exitCodes.done;
  if (reset === true) {
    await shared.reset();
    context.terminal.note('the retry budget is full and the breaker closed');
  }
  const look = async (): Promise<BudgetReport> => budgetReport(await shared.look(), shared);
  const { globals, terminal } = context;
  if (everyMs !== null) await watchBudget(look, everyMs, context);
  else if (globals.json) await terminal.json(await look());
  else await terminal.result(renderBudget(await look(), terminal.columns));
  return exitCodes.done;
}

/** Prints the audit: what every process asked for, and what came of it. */
export async function log({ last }: BudgetLogFlags, context: Context): Promise<number> {
  const count = countOf(last);
  const shared = await sharedState(context);
  if (shared === null) return exitCodes.done;
  const entries = [...shared.history()].slice(-count).map(auditRow);
  const { globals, terminal } = context;
  if (shared.alone !== undefined) terminal.note(`warning: ${shared.alone}; nothing more is logged`);
  if (globals.json) await terminal.json({ scope: scopeOf(shared), place: shared.place, entries });
  else if (entries.length === 0) terminal.note('nothing was shared since this machine started');
  else await terminal.result(renderAudit(entries, terminal.columns));
  return exitCodes.done;
}
