import { Argument, Option } from 'commander';

/** The choices of commander would be listed in the help again, and be checked in its words. */
const choices = new WeakMap<Argument | Option, readonly string[]>();

/** An option whose values are known, for completion. The command checks them. */
export function optionWithChoices(flags: string, description: string, values: readonly string[]): Option {
  const option = new Option(flags, description);
  choices.set(option, values);
  return option;
}

/** An argument whose values are known, for completion. The command checks them. */
export function argumentWithChoices(name: string, description: string, values: readonly string[]): Argument {
  const argument = new Argument(name, description);
  choices.set(argument, values);
  return argument;
}

/** The known values; empty if any value is possible. */
export function choicesOf(value: Argument | Option): readonly string[] {
  return choices.get(value) ?? [];
}
