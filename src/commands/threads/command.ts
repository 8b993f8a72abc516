import type { Command } from 'commander';
import { type CommandRunner, type Context, withAccount } from '../../cli/context.ts';
import { exitCodes } from '../../cli/exit-codes.ts';
import { helpText } from '../../cli/help.ts';

const examples = `
Examples:
  $ captcha threads
  $ captcha threads --json | jq .freeThreads`;

/** Declares `captcha threads`. */
export function register(command: Command, runCommand: CommandRunner): void {
  command.addHelpText('after', helpText(examples)).action(() => runCommand(run, {}));
}

/** Prints how many tasks the account may have in work at once, and how many it has. */
export async function run(_flags: object, context: Context): Promise<number> {
  const { globals, terminal } = context;
  const { threads, workingThreads } = await withAccount(context, (api) => api.threads());
  const report = { threads, workingThreads, freeThreads: Math.max(0, threads - workingThreads) };
  const lines = `threads  ${report.threads}\nworking  ${report.workingThreads}\nfree     ${report.freeThreads}\n`;
  await (globals.json ? terminal.json(report) : terminal.result(lines));
  return exitCodes.done;
}
