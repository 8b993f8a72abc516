import type { Command } from 'commander';
import type { CommandRunner, Context } from '../../cli/context.ts';
import { exitCodes } from '../../cli/exit-codes.ts';
import { argumentWithChoices } from '../../cli/choices.ts';
import { helpText, wrapWords } from '../../cli/help.ts';
import { findTopic, helpTopics } from '../../cli/help-topics.ts';
import type { Entry, Section } from '../../cli/manual/section.ts';
import { topicSections } from '../../cli/manual/topics.ts';
import { knownNames } from '../../domain/closest-name.ts';
import { UsageError } from '../../domain/errors.ts';

export interface HelpFlags {
  /** Left out with `--json` only. */
  readonly topic?: string;
  /** The names of all commands. */
  readonly commands: readonly string[];
}

const topics = helpTopics.map(({ name }) => name);

const examples = `
captcha help --json prints all commands, arguments and options as one JSON document.

Examples:
  $ captcha help solve
  $ captcha help queue requeue
  $ captcha help exit-codes
  $ captcha help config`;

/** Declares `captcha help`. */
export function register(command: Command, runCommand: CommandRunner): void {
  command
    .addArgument(argumentWithChoices('[topic]', `a command, or a topic: ${topics.join(', ')}`, topics))
    .addHelpText('after', helpText(examples))
    .action((topic: string | undefined, _flags: object, self: Command) => {
      const commands = (self.parent?.commands ?? []).map((each) => each.name());
      return runCommand(run, { ...(topic !== undefined && { topic }), commands });
    });
}

/** For output that no screen limits. */
const usualColumns = 80;
/** Longer names stand on a line of their own. */
const maxNameColumns = 26;

const wordsOf = (text: string): readonly string[] => text.split(' ');

function renderEntry({ name, text }: Entry, nameColumns: number, columns: number): string {
  if (name.length <= nameColumns) {
    const first = `  ${name.padEnd(nameColumns)}  `;
    return wrapWords(first, wordsOf(text), { columns, indent: first.length, end: '' });
  }
  return `${wrapWords('  ', wordsOf(name), { columns, indent: 2, end: '' })}\n${renderEntry({ name: '', text }, nameColumns, columns)}`;
}

function renderSection({ title, entries, note }: Section, columns: number): string {
  const lengths = entries.map(({ name }) => name.length).filter((length) => length <= maxNameColumns);
  const nameColumns = Math.min(Math.max(0, ...lengths), Math.floor(columns / 3));
  const paragraph = (text: string): string => wrapWords('', wordsOf(text), { columns, indent: 0, end: '' });
  const blocks = [
    [paragraph(`${title}:`), ...entries.map((entry) => renderEntry(entry, nameColumns, columns))].join('\n'),
    ...(note === '' ? [] : [paragraph(note)]),
  ];
  return blocks.join(entries.length === 0 ? '\n' : '\n\n');
}

/** Prints a help topic; with `--json` and no topic, the description of all commands. */
export async function run({ topic: name, commands }: HelpFlags, context: Context): Promise<number> {
  const { globals, terminal } = context;
  if (name === undefined) {
    await terminal.json(await context.commandTree());
    return exitCodes.done;
  }
  const topic = findTopic(name);
  if (topic === null) {
    const known = [...commands, ...topics];
    throw new UsageError(`unknown command or topic '${name}'`, knownNames(name, known));
  }
  const sections = topicSections(topic, topic === 'config' ? await context.configSchema() : {});
  const columns = terminal.columns ?? usualColumns;
  if (globals.json) await terminal.json({ topic, sections });
  else await terminal.result(`${sections.map((section) => renderSection(section, columns)).join('\n\n')}\n`);
  return exitCodes.done;
}
