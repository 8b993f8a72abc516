import { Command, CommanderError } from 'commander';
import { knownNames } from '../domain/closest-name.ts';
import { UsageError } from '../domain/errors.ts';
import type { CommandRunner, Context, GlobalFlags } from './context.ts';
import { exitCodeHelp, exitCodes } from './exit-codes.ts';
import { helpLayout, helpText } from './help.ts';
import {
  asksForHelp,
  checkNoKey,
  checkValues,
  firstOperand,
  wantsJsonLogs,
  withoutOptionValue,
} from './option-values.ts';
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

const examples = `
Examples:
  $ captcha --sandbox solve --method turnstile --sitekey 0x4AAA --pageurl https://example.com/login
  $ captcha solve image.png
  $ captcha config show

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

function logFormatOf(text: string): 'text' | 'json' {
  if (text === 'text' || text === 'json') return text;
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
    .option('--log-format <format>', 'format of stderr: text or json', 'text')
    .option('--sandbox', 'use the embedded test service (no account, no network)')
    .addHelpText('after', helpText(`${exitCodeHelp}\n${examples}`));
}

/**
 * Turns `captcha help solve` into `captcha solve --help`, which loads the command before it prints. An unknown name is
 * left in place, so that commander refuses it.
 */
function withoutHelpCommand(args: readonly string[], commands: readonly CommandRow[]): readonly string[] {
  const [first, name, ...rest] = args;
  if (first !== 'help' || name === undefined || name.startsWith('-')) return args;
  return commands.some((command) => command.name === name) ? [name, ...rest, '--help'] : [name];
}

/** Builds the command tree. `loadCommand` loads the module of the chosen command later. */
function buildProgram({ commands, version, writeOut, writeErr }: ProgramOptions): Command {
  const program = new Command();
  program.showHelpAfterError('  add --help to the command for its usage');
  program.exitOverride().configureOutput({ writeOut, writeErr }).configureHelp(helpLayout);
  declareGlobals(program, version);
  for (const { name, group, summary } of commands) program.command(name).description(summary).helpGroup(`${group}:`);
  program.commandsGroup('Set-up:').helpCommand('help [command]', 'show the help of a command');
  return program;
}

/** Throws `UsageError` for help of an unknown command, for which commander would print that of its parent. */
function checkHelpOf(name: string | null, words: readonly string[], parent: Command): void {
  const known = parent.commands.map((command) => command.name());
  if (name === null || name === 'help' || known.includes(name) || !asksForHelp(words)) return;
  throw new UsageError(`unknown command '${name}'`, knownNames(name, known));
}

/** Loads the command that the words name and checks the values of its options before commander parses them. */
async function loadCommand(
  program: Command,
  words: readonly string[],
  commands: readonly CommandRow[],
  runCommand: CommandRunner,
): Promise<void> {
  const name = firstOperand(words, program);
  const row = commands.find((command) => command.name === name);
  const chosen = program.commands.find((command) => command.name() === name);
  checkHelpOf(name, words, program);
  if (row === undefined || chosen === undefined) {
    checkNoKey(words, [program]);
    return;
  }
  (await row.load()).register(chosen, runCommand);
  checkNoKey(words, [chosen, ...chosen.commands, program]);
  checkValues(words, [chosen, ...chosen.commands, program]);
  if (chosen.commands.length > 0)
    checkHelpOf(firstOperand(words.slice(words.indexOf(row.name) + 1), chosen), words, chosen);
}

/** Parses `args` (without node and script) and runs the command. Returns the exit code; throws what the command throws. */
export async function runProgram(args: readonly string[], options: ProgramOptions): Promise<number> {
  let exitCode: number = exitCodes.done;
  // An error of commander is text; with JSON logs it is reported like every other.
  const writeErr = (text: string): void => {
    if (!wantsJsonLogs(args)) options.writeErr(withoutOptionValue(text));
  };
  const program = buildProgram({ ...options, writeErr });
  const runCommand: CommandRunner = async (run, flags) => {
    const raw = program.opts<RawGlobals>();
    const globals = { config: raw.config ?? null, json: raw.json === true, sandbox: raw.sandbox === true };
    const { quiet = false, verbose: verbosity, color, logFormat } = raw;
    const terminal = { quiet, verbosity, color, logFormat: logFormatOf(logFormat) };
    exitCode = await run(flags, await options.makeContext(globals, terminal));
  };
  const logsJson = wantsJsonLogs(args);
  const words = withoutHelpCommand(args, options.commands);
  try {
    await loadCommand(program, words, options.commands, runCommand);
    await program.parseAsync(words, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return exitCodes.done;
    if (!logsJson) return exitCodes.usage;
    const said = withoutOptionValue(error.message).replace(/^error: /, '');
    const message = error.code === 'commander.help' ? 'no command' : said;
    throw new UsageError(message, 'add --help to the command for its usage');
  }
}
