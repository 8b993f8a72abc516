import type { Command } from 'commander';
import { choicesOf } from './choices.ts';
import type { CommandNode, OptionNode } from './command-node.ts';
import { buildProgram, type CommandRow } from './program.ts';

function optionsOf(command: Command): readonly OptionNode[] {
  const shown = command.createHelp().visibleOptions(command);
  return shown.map((option) => ({
    flags: option.flags,
    names: [option.short, option.long].filter((name) => name !== undefined),
    description: option.description,
    repeatable: option.parseArg !== undefined,
    value:
      option.required || option.optional
        ? {
            name: /[<[](.+)[>\]]/.exec(option.flags)?.[1] ?? '',
            required: option.required,
            choices: choicesOf(option),
          }
        : null,
  }));
}

function notesOf(command: Command): string {
  let notes = '';
  const context = { error: false, command, write: (text: string) => (notes += text) };
  // An event emitter, which the types of commander do not say.
  const emitter = command as unknown as { emit(event: string, context: object): void };
  for (const event of ['afterHelp', 'afterAllHelp']) emitter.emit(event, context);
  return notes.trim();
}

function nodeOf(command: Command): CommandNode {
  return {
    name: command.name(),
    group: command.parent?.parent === null ? command.helpGroup().replace(/:$/, '') : null,
    summary: command.description(),
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.name(),
      required: argument.required,
      variadic: argument.variadic,
      description: argument.description,
      choices: choicesOf(argument),
    })),
    options: optionsOf(command),
    notes: notesOf(command),
    commands: command.commands.map(nodeOf),
  };
}

/** A manual page on a screen of 80 columns has this much room for a literal line. */
const noteColumns = 72;

/** Describes the program with all of its commands. Loads the modules of all commands. */
export async function describeProgram(commands: readonly CommandRow[], version: string): Promise<CommandNode> {
  const program = buildProgram({ commands, version }, { getOutHelpWidth: () => noteColumns });
  const rows = program.commands.map(async (command) => {
    const row = commands.find(({ name }) => name === command.name());
    (await row?.load())?.register(command, async () => undefined);
  });
  await Promise.all(rows);
  return nodeOf(program);
}
