import type { Command } from 'commander';
import type { CommandRunner, Context } from '../../cli/context.ts';
import { exitCodes } from '../../cli/exit-codes.ts';
import { helpText } from '../../cli/help.ts';
import { manPage } from '../../cli/manual/man-page.ts';

const examples = `
On a terminal the page is shown by man(1). Otherwise it is printed in roff. npm install -g also installs it for man captcha.

Examples:
  $ captcha man
  $ captcha man > captcha.1`;

/** Declares `captcha man`. */
export function register(command: Command, runCommand: CommandRunner): void {
  command.addHelpText('after', helpText(examples)).action(() => runCommand(run, {}));
}

/** Shows the manual page on a screen, and prints its source elsewhere. */
export async function run(_flags: object, context: Context): Promise<number> {
  const { globals, terminal, interrupt, program } = context;
  const page = manPage(await context.commandTree(), program.version);
  if (globals.json) {
    await terminal.json({ page });
    return exitCodes.done;
  }
  if (terminal.columns !== null) {
    // The pager handles Ctrl-C itself.
    interrupt.listen({ onFirst: () => interrupt.markDrained(), onSecond: () => undefined });
    if (await context.showManual(page)) return exitCodes.done;
    terminal.note('man(1) could not show the page; this is its source');
  }
  await terminal.data(page);
  return exitCodes.done;
}
