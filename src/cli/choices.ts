import { Argument, Option } from 'commander';

/** An option whose values are known to completion. The command checks them, in its own words. */
export function optionWithChoices(flags: string, description: string, choices: readonly string[]): Option {
  const option = new Option(flags, description);
  option.argChoices = [...choices];
  return option;
}

/** An argument whose values are known to completion. The command checks them, in its own words. */
export function argumentWithChoices(name: string, description: string, choices: readonly string[]): Argument {
  const argument = new Argument(name, description);
  argument.argChoices = [...choices];
  return argument;
}
