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
  const place = await heldPlace(context);
  if (context.globals.sandbox) {
    await place.shared.hold({ why: 'an example of the sandbox', forMs: null });
    context.terminal.note('sandbox: a hold, for this command only');
  }
  const { wasHeld, untold } = await place.shared.release();
  const who = untold === null ? place.who : place.whoHere;
  const { globals, terminal } = context;
  if (globals.json) await terminal.json({ held: false, who, wasHeld, untold });
  const nothing = untold === null ? `nothing was on hold for ${who}` : `no hold of this host alone was found`;
  terminal.note(wasHeld ? `submissions of ${who} continue` : nothing);
  if (untold === null) return exitCodes.done;
  terminal.error(
    `error: ${untold}; the other hosts were not told, and a hold of the whole fleet continues\n` +
      '  Run captcha release again when it answers.',
  );
  return exitCodes.unavailable;
}
