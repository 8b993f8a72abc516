import type { Command } from 'commander';
import type { CommandRunner, Context } from '../../cli/context.ts';
import { exitCodes } from '../../cli/exit-codes.ts';
import { helpText } from '../../cli/help.ts';
import { heldPlace } from '../../cli/held-place.ts';
import { shareSandboxState } from '../../cli/sandbox-state.ts';

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
  shareSandboxState(context);
  const { shared, who } = await heldPlace(context);
  if (context.globals.sandbox) {
    await shared.hold({ why: 'an example of the sandbox', forMs: null });
    context.terminal.note('sandbox: a hold, for this command only');
  }
  const wasHeld = await shared.release();
  const { globals, terminal } = context;
  if (globals.json) await terminal.json({ held: false, who, wasHeld });
  terminal.note(wasHeld ? `submissions of ${who} continue` : `nothing was on hold for ${who}`);
  return exitCodes.done;
}
