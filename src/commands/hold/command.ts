import type { Command } from 'commander';
import type { CommandRunner, Context } from '../../cli/context.ts';
import { exitCodes } from '../../cli/exit-codes.ts';
import { formatMs } from '../../cli/format.ts';
import { helpText } from '../../cli/help.ts';
import { heldPlace } from '../../cli/held-place.ts';
import { shareSandboxState } from '../../cli/sandbox-state.ts';
import { parseDuration } from '../../domain/duration.ts';
import { UsageError } from '../../domain/errors.ts';

export interface HoldFlags {
  readonly for?: string;
  readonly why?: string;
}

const examples = `
Every process of the same account waits: on this host with budget.scope host, on all hosts with a Redis URL. Submitted tasks
are still collected. captcha budget shows the hold, captcha budget log who made it. If the Redis does not answer, only the
processes of this host are held (exit code 4).

Examples:
  $ captcha hold --for 30m --why "deploy of the login page"
  $ captcha hold
  $ captcha release`;

/** Declares `captcha hold`. */
export function register(command: Command, runCommand: CommandRunner): void {
  command
    .option('--for <duration>', 'end the hold by itself after this time (default: until captcha release)')
    .option('--why <text>', 'reason, which solve, batch and the audit show')
    .addHelpText('after', helpText(examples))
    .action((flags: HoldFlags) => runCommand(run, flags));
}

/** A year: a hold without an end is left out, not written as a long time. */
const maxForMs = 366 * 86_400_000;
const maxWhyLength = 200;

function lengthOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const ms = parseDuration(text);
  if (ms === null || ms <= 0 || ms > maxForMs)
    throw new UsageError(`--for ${text}: not a duration`, 'for example --for 30m; leave it out for no end');
  return ms;
}

function reasonOf(why = ''): string {
  if (why.length > maxWhyLength)
    throw new UsageError(`--why has ${why.length} characters`, `use at most ${maxWhyLength}`);
  return why.trim();
}

/** Stops all submissions of the processes that share this configuration's budget. */
export async function run(flags: HoldFlags, context: Context): Promise<number> {
  const [forMs, why] = [lengthOf(flags.for), reasonOf(flags.why)];
  shareSandboxState(context);
  const place = await heldPlace(context);
  const { untold } = await place.shared.hold({ why, forMs });
  const who = untold === null ? place.who : place.whoHere;
  const { globals, terminal } = context;
  if (globals.json) await terminal.json({ held: true, who, forMs, why, untold });
  const end = forMs === null ? 'until captcha release' : `for ${formatMs(forMs)}, or until captcha release`;
  terminal.note(`all submissions of ${who} stop within a second, ${end}; submitted tasks are still collected`);
  if (globals.sandbox) terminal.note('sandbox: for this command only');
  if (untold === null) return exitCodes.done;
  terminal.error(
    `error: ${untold}; the other hosts of the fleet were not told, so their processes are not held\n` +
      '  Run captcha hold again when it answers, or on every host. captcha release ends the hold of this host.',
  );
  return exitCodes.unavailable;
}
