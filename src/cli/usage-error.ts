import type { Command, CommanderError, Option } from 'commander';
import { closestName } from '../domain/closest-name.ts';
import { UsageError } from '../domain/errors.ts';
import { documentedParameters, siteKeyNames } from '../protocol/methods.ts';
import { meantName } from '../protocol/parameter-names.ts';

const usageHint = 'add --help to the command for its usage';

/** A message of commander without the value of an unknown option, which may be a secret. */
function withoutOptionValue(message: string): string {
  return message.replace(/(unknown option '--?[^'=]*=)[^]*?'(?=\n|$)/, "$1...'");
}

/** The options that can follow a command, those of its subcommands and of the program included. */
function optionsOf(command: Command): readonly Option[] {
  const above = (command.parent?.options ?? []).filter(({ long }) => long !== '--version');
  return [...command.options, ...command.commands.flatMap(({ options }) => options), ...above];
}

/** The flag for a parameter's name in the protocol or at another service; null for other names. */
function flagOfParameter(name: string, flags: readonly string[]): string | null {
  if (!flags.includes('--param')) return null;
  const parameters = documentedParameters();
  if (name === 'action') return '--page-action';
  const meant = siteKeyNames().has(name) ? 'sitekey' : parameters.has(name) ? name : meantName(name, [...parameters]);
  if (meant === null) return null;
  const flag = `--${meant.replaceAll('_', '-')}`;
  if (flags.includes(flag)) return flag;
  return parameters.has(meant) ? `--param ${meant}=VALUE` : null;
}

/** What an unknown option most likely means; null if nothing is close. */
function meantBy(written: string, command: Command): string | null {
  if (!/^--[a-z]/i.test(written)) return null;
  const flags = optionsOf(command).flatMap(({ hidden, long }) => (hidden || long === undefined ? [] : [long]));
  return closestName(written, [...flags, '--help']) ?? flagOfParameter(written.slice(2), flags);
}

/** The error of commander as this program reports errors: what is wrong, and the fix. `command`: the named one. */
export function usageErrorOf(error: CommanderError, command: Command): UsageError {
  if (error.code === 'commander.help') return new UsageError('no command', usageHint);
  const message = withoutOptionValue(error.message).replace(/^error: /, '');
  const unknown = /^unknown option '([^'=]*)/.exec(message)?.[1];
  const meant = unknown === undefined ? null : meantBy(unknown, command);
  return new UsageError(message, meant === null ? usageHint : `did you mean ${meant}?`);
}
