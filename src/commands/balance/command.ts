import type { Command } from 'commander';
import { type CommandRunner, type Context, withAccount } from '../../cli/context.ts';
import { exitCodes } from '../../cli/exit-codes.ts';
import { helpText } from '../../cli/help.ts';
import { UsageError } from '../../domain/errors.ts';

export interface BalanceFlags {
  readonly min?: string;
}

const examples = `
Examples:
  $ captcha balance
  $ captcha balance --min 5 || echo "top up"`;

/** Declares `captcha balance`. */
export function register(command: Command, runCommand: CommandRunner): void {
  command
    .option('--min <amount>', 'exit with code 3 if the balance is below this amount')
    .addHelpText('after', helpText(examples))
    .action((flags: BalanceFlags) => runCommand(run, flags));
}

function parseAmount(text: string | undefined): number {
  if (text === undefined) return -Infinity;
  const amount = Number(text);
  if (text.trim() === '' || !Number.isFinite(amount)) throw new UsageError(`--min ${text}: not a number`);
  return amount;
}

/** Prints the balance. */
export async function run(flags: BalanceFlags, context: Context): Promise<number> {
  const min = parseAmount(flags.min);
  const balance = await withAccount(context, (api) => api.balance());
  await (context.globals.json ? context.terminal.json({ balance }) : context.terminal.result(`${balance}\n`));
  if (balance >= min) return exitCodes.done;
  context.terminal.error(`the balance is below ${min}`);
  return exitCodes.account;
}
