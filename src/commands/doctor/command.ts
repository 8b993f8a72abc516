import type { Command } from 'commander';
import type { CommandRunner, Context } from '../../cli/context.ts';
import { cleanLines } from '../../cli/control-characters.ts';
import { exitCodes } from '../../cli/exit-codes.ts';
import { helpText } from '../../cli/help.ts';
import { startProgress } from '../../cli/progress.ts';
import { UsageError } from '../../domain/errors.ts';
import { allChecks } from './checks.ts';
import { createDoctorContext, type DoctorContext } from './doctor-context.ts';
import { type CheckName, checkNames, type CheckReport, failure, type Finding } from './finding.ts';
import { renderDoctor, renderDoctorSummary } from './view.ts';

/** What a failure of a check means to a script. */
const codeOf: Record<CheckName, number> = {
  config: exitCodes.usage,
  key: exitCodes.usage,
  policy: exitCodes.usage,
  proxy: exitCodes.usage,
  api: exitCodes.unavailable,
  latency: exitCodes.notAllSolved,
  clock: exitCodes.notAllSolved,
  account: exitCodes.account,
  node: exitCodes.notAllSolved,
  'state-folder': exitCodes.localIo,
  'disk-space': exitCodes.localIo,
  'retry-budget': exitCodes.unavailable,
  regions: exitCodes.usage,
  'region-health': exitCodes.notAllSolved,
  routes: exitCodes.usage,
  queues: exitCodes.unavailable,
};

/** First errors that make other checks doubtful, then errors that need manual action, then transient errors. */
const precedence = [
  exitCodes.usage,
  exitCodes.account,
  exitCodes.localIo,
  exitCodes.unavailable,
  exitCodes.notAllSolved,
];

/** The exit code of an examination: 0 where nothing failed, else that of the failure that comes first in precedence. */
export function doctorExitCode(reports: readonly CheckReport[]): number {
  const codes = new Set(reports.filter(({ status }) => status === 'failure').map(({ check }) => codeOf[check]));
  return precedence.find((code) => codes.has(code)) ?? exitCodes.done;
}

/** Lines stay, and nothing else that a terminal would obey. */
const clean = (text: string): string => cleanLines(text, false);

/** A check that cannot be made is a finding, too: the others go on. */
async function find(check: CheckName, doctorContext: DoctorContext): Promise<Finding> {
  try {
    return await allChecks[check](doctorContext);
  } catch (error) {
    if (error instanceof UsageError) return failure(error.message, error.hint);
    const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
    doctorContext.context.terminal.note(stack, { level: 1 });
    return failure(`the check itself failed: ${message}`, 'please report it; -v shows the stack trace');
  }
}

/** Runs all checks in order and calls `onCheck` before each. Does not stop at a failure. */
async function runChecks(context: Context, onCheck: (check: CheckName) => void): Promise<readonly CheckReport[]> {
  const doctorContext = createDoctorContext(context, await context.doctor());
  const reports: CheckReport[] = [];
  for (const check of checkNames) {
    onCheck(check);
    const { status, found, fix } = await find(check, doctorContext);
    reports.push({ check, status, found: clean(found), fix: fix === null ? null : clean(fix) });
  }
  return reports;
}

const examples = `
Exit codes (the first that applies; warnings are not failures):
  0   no check failed
  2   configuration or API key
  3   account
  74  state folder
  4   service or queue unreachable
  1   any other failed check

Examples:
  $ captcha doctor
  $ captcha doctor --json | jq -r '.checks[] | select(.status == "failure") | .fix'
  $ captcha --sandbox doctor`;

/** Declares `captcha doctor`. */
export function register(command: Command, runCommand: CommandRunner): void {
  command.addHelpText('after', helpText(examples)).action(() => runCommand(run, {}));
}

/** Looks at everything that `captcha` needs and says what is wrong with it, each with a fix. */
export async function run(_flags: object, context: Context): Promise<number> {
  const { terminal, globals } = context;
  const progress = await startProgress(context, 'looking');
  const reports = await runChecks(context, (check) => progress.update(`checking ${check}`)).finally(() =>
    progress.stop(),
  );
  const exitCode = doctorExitCode(reports);
  if (globals.json) {
    await terminal.json({ ok: exitCode === 0, checks: reports });
    return exitCode;
  }
  const { columns, options } = terminal;
  const isPretty = columns !== null && options.color;
  const style: typeof terminal.style = (name, text) => (isPretty ? terminal.style(name, text) : text);
  await terminal.result(renderDoctor(reports, { hasSigns: isPretty, columns, style }));
  terminal.note(renderDoctorSummary(reports));
  return exitCode;
}
