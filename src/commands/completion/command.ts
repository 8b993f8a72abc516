import type { Command } from 'commander';
import type { CommandRunner, Context } from '../../cli/context.ts';
import { exitCodes } from '../../cli/exit-codes.ts';
import { argumentWithChoices } from '../../cli/choices.ts';
import { helpText } from '../../cli/help.ts';
import { knownNames } from '../../domain/closest-name.ts';
import { UsageError } from '../../domain/errors.ts';
import { scripts, type Shell } from './scripts.ts';

export interface CompletionFlags {
  /** As written. */
  readonly shell: string;
}

const shells = Object.keys(scripts) as readonly Shell[];

const examples = `
The script completes commands, flags, methods, the regions of the configuration, files, and the known values of flags. It asks
captcha at each press of TAB, and needs no account and no network.

Examples:
  $ echo 'source <(captcha completion bash)' >> ~/.bashrc
  $ echo 'source <(captcha completion zsh)' >> ~/.zshrc
  $ captcha completion fish > ~/.config/fish/completions/captcha.fish
  $ captcha completion powershell >> $PROFILE`;

/** Declares `captcha completion`. */
export function register(command: Command, runCommand: CommandRunner): void {
  command
    .addArgument(argumentWithChoices('<shell>', shells.join(', '), shells))
    .addHelpText('after', helpText(examples))
    .action((shell: string) => runCommand(run, { shell }));
}

/** Prints the completion script of a shell. */
export async function run({ shell: written }: CompletionFlags, { globals, terminal }: Context): Promise<number> {
  const shell = shells.find((name) => name === written);
  if (shell === undefined) throw new UsageError(`${written}: unknown shell`, knownNames(written, shells));
  const script = scripts[shell];
  await (globals.json ? terminal.json({ shell, script }) : terminal.data(script));
  return exitCodes.done;
}
