import { Command, CommanderError } from 'commander';
import { UsageError } from '../domain/errors.ts';
import type { CommandRunner, Context, GlobalFlags } from './context.ts';
import { exitCodeHelp, exitCodes } from './exit-codes.ts';
import { checkValues, firstOperand } from './option-values.ts';
import type { TerminalOptions } from './terminal.ts';

interface CommandModule {
  /** Declares arguments, flags and examples, and hands `run` to `runCommand`. */
  register(command: Command, runCommand: CommandRunner): void;
}

/** One command: its module is loaded when it is chosen. */
export interface CommandRow {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
}

const examples = `
Examples:
  $ captcha --sandbox solve --method turnstile --sitekey 0x4AAA --pageurl https://example.com/login
  $ captcha solve image.png
  $ captcha config show

For systems that you own or are authorised to test.`;

/** The options of every command, as commander hands them over. */
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
  readonly makeContext: (globals: GlobalFlags, terminal: TerminalOptions) => Context;
  readonly writeOut: (text: string) => void;
  readonly writeErr: (text: string) => void;
}

function logFormatOf(text: string): 'text' | 'json' {
  if (text === 'text' || text === 'json') return text;
  throw new UsageError(`--log-format ${text}: not a log format`, 'it is text or json');
}

function declareGlobals(program: Command, version: string): void {
  program
    .name('captcha')
    .description('Command-line operations for CAPTCHA-solving pipelines on CaptchaAI.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .option('--config <file>', 'read this config file, and no other')
    .option('--json', 'print one JSON document on stdout')
    .option('-q, --quiet', 'print nothing on stderr but errors')
    .option('-v, --verbose', 'say more on stderr (-vv: every poll)', (_value, count: number) => count + 1, 0)
    .option('--no-color', 'print no colours')
    .option('--log-format <format>', 'stderr as text or json', 'text')
    .option('--sandbox', 'use an embedded service: no account, no network')
    .addHelpText('after', `${exitCodeHelp}\n${examples}`);
}

/**
 * `captcha help solve` means `captcha solve --help`: only the latter loads the command before it prints. A name that is
 * none is left to be refused as a command.
 */
function withoutHelpCommand(args: readonly string[], commands: readonly CommandRow[]): readonly string[] {
  const [first, name, ...rest] = args;
  if (first !== 'help' || name === undefined || name.startsWith('-')) return args;
  return commands.some((command) => command.name === name) ? [name, ...rest, '--help'] : [name];
}

/** Builds the command tree. A command's module, and what it needs, is loaded by `loadCommand` when it is chosen. */
function buildProgram({ commands, version, writeOut, writeErr }: ProgramOptions): Command {
  const program = new Command();
  program.exitOverride().configureOutput({ writeOut, writeErr }).configureHelp({ showGlobalOptions: true });
  declareGlobals(program, version);
  for (const { name, summary } of commands) program.command(name).description(summary);
  return program;
}

/** Loads the command that the words name, and looks at the values of its options before commander takes them. */
async function loadCommand(
  program: Command,
  words: readonly string[],
  commands: readonly CommandRow[],
  runCommand: CommandRunner,
): Promise<void> {
  const name = firstOperand(words, program);
  const row = commands.find((command) => command.name === name);
  const chosen = program.commands.find((command) => command.name() === name);
  if (row === undefined || chosen === undefined) return;
  (await row.load()).register(chosen, runCommand);
  checkValues(words, [chosen, ...chosen.commands, program]);
}

/** Understands `args` (without node and script) and runs the command. Answers the exit code; throws what `run` throws. */
export async function runProgram(args: readonly string[], options: ProgramOptions): Promise<number> {
  let exitCode: number = exitCodes.done;
  const program = buildProgram(options);
  const runCommand: CommandRunner = async (run, flags) => {
    const raw = program.opts<RawGlobals>();
    const globals = { config: raw.config ?? null, json: raw.json === true, sandbox: raw.sandbox === true };
    const { quiet = false, verbose: verbosity, color, logFormat } = raw;
    exitCode = await run(
      flags,
      options.makeContext(globals, { quiet, verbosity, color, logFormat: logFormatOf(logFormat) }),
    );
  };
  const words = withoutHelpCommand(args, options.commands);
  try {
    await loadCommand(program, words, options.commands, runCommand);
    await program.parseAsync(words, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    throw error;
  }
}
