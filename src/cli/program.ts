import { Command, CommanderError, type OutputConfiguration } from 'commander';
import { knownNames } from '../domain/closest-name.ts';
import { UsageError } from '../domain/errors.ts';
import type { CommandRunner, Context, GlobalFlags } from './context.ts';
import { exitCodeHelp, exitCodes } from './exit-codes.ts';
import { optionWithChoices } from './choices.ts';
import { findTopic, helpTopics } from './help-topics.ts';
import { helpLayout, helpText } from './help.ts';
import { checkNoKey, checkValues, fromFirstOperand, hasUnknownOption, wantsJsonLogs } from './option-values.ts';
import type { TerminalOptions } from './terminal.ts';

interface CommandModule {
  /** Declares arguments, flags and examples, and hands `run` to `runCommand`. */
  register(command: Command, runCommand: CommandRunner): void;
}

/** The sections of the main help page. */
export type CommandGroup = 'Solve' | 'Regions' | 'Fleet' | 'Protection' | 'Set-up';

/** One command. Its module is loaded only when the command line names it. */
export interface CommandRow {
  readonly name: string;
  readonly group: CommandGroup;
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
}

const topicLines = helpTopics.map(({ name, summary }) => `  ${name.padEnd(12)} ${summary}`);

const examples = `
Examples:
  $ captcha --sandbox solve --method turnstile --sitekey 0x4AAA --pageurl https://example.com/login
  $ captcha solve image.png
  $ captcha config show

Help topics (captcha help TOPIC):
${topicLines.join('\n')}

For systems that you own or are authorised to test.`;

/** The global options as commander parses them. */
interface RawGlobals {
  readonly config?: string;
  readonly json?: true;
  readonly quiet?: true;
  readonly verbose: number;
  readonly color: boolean;
  readonly logFormat: string;
  readonly sandbox?: true;
}

export interface ProgramOptions {
  readonly commands: readonly CommandRow[];
  readonly version: string;
  readonly makeContext: (globals: GlobalFlags, terminal: TerminalOptions) => Context | Promise<Context>;
  readonly writeOut: (text: string) => void;
  readonly writeErr: (text: string) => void;
}

const logFormats = ['text', 'json'] as const;

function logFormatOf(text: string): 'text' | 'json' {
  const format = logFormats.find((name) => name === text);
  if (format !== undefined) return format;
  throw new UsageError(`--log-format ${text}: unknown log format`, 'use text or json');
}

function declareGlobals(program: Command, version: string): void {
  program
    .name('captcha')
    .description('Command-line operations for CAPTCHA-solving pipelines on CaptchaAI.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .option('--config <file>', 'read only this config file')
    .option('--json', 'print one JSON document on stdout (batch, results and --watch: one JSON object per line)')
    .option('-q, --quiet', 'print only errors on stderr')
    .option('-v, --verbose', 'print more on stderr (-vv: every poll)', (_value, count: number) => count + 1, 0)
    .option('--no-color', 'disable colours')
    .addOption(optionWithChoices('--log-format <format>', 'format of stderr: text or json', logFormats).default('text'))
    .option('--sandbox', 'use the embedded test service (no account, no network)')
    .addHelpText('after', helpText(`${exitCodeHelp}\n${examples}`));
}

/** Builds the command tree. The modules of the commands are loaded later. */
export function buildProgram(
  { commands, version }: Pick<ProgramOptions, 'commands' | 'version'>,
  output: OutputConfiguration,
): Command {
  const program = new Command();
  // Errors are thrown, and reported like all others.
  program.exitOverride().showSuggestionAfterError(false);
  program.configureOutput({ ...output, outputError: () => undefined }).configureHelp(helpLayout);
  declareGlobals(program, version);
  for (const { name, group, summary } of commands) program.command(name).description(summary).helpGroup(`${group}:`);
  return program.helpCommand(false);
}

/**
 * Turns `captcha help solve` into `captcha solve --help`, which loads the command before it prints. A topic, such as
 * `config`, and an unknown word are left to `captcha help`.
 */
function withoutHelpCommand(args: readonly string[], program: Command): readonly string[] {
  const named = fromFirstOperand(args, [program]);
  if (named[0] !== 'help' || args.includes('--help') || args.includes('-h')) return args;
  const others = args.toSpliced(args.length - named.length, 1);
  const [name, ...rest] = fromFirstOperand(named.slice(1), [program]);
  if (name === undefined) return args.includes('--json') ? args : [...others, '--help'];
  if (findTopic(name) !== null && fromFirstOperand(rest, [program]).length === 0) return args;
  return program.commands.some((command) => command.name() === name) ? [...others, '--help'] : args;
}

/** Throws `UsageError` for a first word that names no command of `parent`. */
function checkName(name: string | undefined, parent: Command): void {
  const known = parent.commands.map((command) => command.name());
  if (name === undefined || known.length === 0 || known.includes(name)) return;
  if (parent.parent !== null && name === 'help') return;
  const path = parent.parent === null ? name : `${parent.name()} ${name}`;
  throw new UsageError(`unknown command '${path}'`, knownNames(name, known));
}

/** Loads the command that the words name and checks the values of its options before commander parses them. */
async function loadCommand(
  program: Command,
  words: readonly string[],
  commands: readonly CommandRow[],
  runCommand: CommandRunner,
): Promise<void> {
  const [name, ...others] = fromFirstOperand(words, [program]);
  const row = commands.find((command) => command.name === name);
  const chosen = program.commands.find((command) => command.name() === name);
  if (row === undefined || chosen === undefined) {
    checkNoKey(words, [program]);
    checkValues(words, [program]);
    // commander names the unknown option.
    if (!hasUnknownOption(words, [program])) checkName(name, program);
    return;
  }
  (await row.load()).register(chosen, runCommand);
  checkNoKey(words, [chosen, ...chosen.commands, program]);
  checkValues(words, [chosen, ...chosen.commands, program]);
  checkName(fromFirstOperand(others, [chosen, program])[0], chosen);
}

/** Parses `args` (without node and script) and runs the command. Returns the exit code; throws what the command throws. */
export async function runProgram(args: readonly string[], options: ProgramOptions): Promise<number> {
  let exitCode: number = exitCodes.done;
  const logsJson = wantsJsonLogs(args);
  // Help on stderr is text; with JSON logs an error says what is missing instead.
  const writeErr = (text: string): void => (logsJson ? undefined : options.writeErr(text));
  const program = buildProgram(options, { writeOut: options.writeOut, writeErr });
  const runCommand: CommandRunner = async (run, flags) => {
    const raw = program.opts<RawGlobals>();
    const globals = { config: raw.config ?? null, json: raw.json === true, sandbox: raw.sandbox === true };
    const { quiet = false, verbose: verbosity, color, logFormat } = raw;
    const terminal = { quiet, verbosity, color, logFormat: logFormatOf(logFormat) };
    exitCode = await run(flags, await options.makeContext(globals, terminal));
  };
  const words = withoutHelpCommand(args, program);
  try {
    await loadCommand(program, words, options.commands, runCommand);
    await program.parseAsync(words, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return exitCodes.done;
    if (error.code === 'commander.help' && !logsJson) return exitCodes.usage;
    const { usageErrorOf } = await import('./usage-error.ts');
    const [name] = fromFirstOperand(words, [program]);
    throw usageErrorOf(error, program.commands.find((command) => command.name() === name) ?? program);
  }
}
