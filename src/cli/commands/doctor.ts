import type { Command } from 'commander';
import type { Act } from '../act.ts';
import type { Context } from '../context.ts';
import { doctorExitCode } from '../doctor/doctor-exit-code.ts';
import { examine } from '../doctor/examine.ts';
import { renderDoctor, renderDoctorSummary } from '../output/doctor-view.ts';
import { startProgress } from '../output/progress.ts';

const examples = `
Exits with 0 where nothing failed (warnings are no failures), else with the first of these that fits: 2 configuration or
key, 3 account, 74 state folder, 4 service or queue unreachable, 1 anything else.

Examples:
  $ captcha doctor
  $ captcha doctor --json | jq -r '.checks[] | select(.status == "failure") | .fix'
  $ captcha --sandbox doctor`;

/** Declares `captcha doctor`. */
export function register(command: Command, act: Act): void {
  command.addHelpText('after', examples).action(() => act(run, {}));
}

/** Looks at everything that `captcha` needs and says what is wrong with it, each with a fix. */
export async function run(_flags: object, context: Context): Promise<number> {
  const { terminal, globals, env } = context;
  const progress = await startProgress(terminal, env, 'looking');
  const reports = await examine(context, (check) => progress.update(`looking at ${check}`)).finally(() =>
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
