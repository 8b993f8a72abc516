import type { Command } from 'commander';
import type { CommandRunner, Context } from '../../cli/context.ts';
import { exitCodes } from '../../cli/exit-codes.ts';
import { helpText } from '../../cli/help.ts';
import { heldPlace } from '../../cli/held-place.ts';

const examples = `
Examples:
  $ captcha release
  $ captcha budget log --last 1`;

/** Declares `captcha release`. */
export function register(command: Command, runCommand: CommandRunner): void {
  command.addHelpText('after', helpText(examples)).action(() => runCommand(run, {}));
}

/** Ends the hold, so that all processes submit again within a second. */
export async function run(_flags: object, context: Context): Promise<number> {
  const { shared, who } = await heldPlace(context);
  const wasHeld = await shared.release();
  const { globals, terminal } = context;
  if (globals.json) await terminal.json({ held: false, who, wasHeld });
  terminal.note(wasHeld ? `submissions of ${who} continue` : `nothing was on hold for ${who}`);
  return exitCodes.done;
}
