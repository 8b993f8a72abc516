import { setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';
import { isNullDevice } from './adapters/system/standard-streams.ts';
import { systemClock as clock } from './adapters/system/system-clock.ts';
import type { Context, GlobalFlags } from './cli/context.ts';
import { reportError } from './cli/error-report.ts';
import { Interrupt } from './cli/interrupt.ts';
import { wantsJsonLogs } from './cli/option-values.ts';
import { runProgram } from './cli/program.ts';
import { Terminal, type TerminalOptions, wantsColor } from './cli/terminal.ts';
import { commands } from './commands/command-list.ts';
import type { Container } from './container/container.ts';
import { version } from './version.ts';

/**
 * How long Redis and SQS may take at one of several addresses, in ms: their libraries connect in Node's way, which gives
 * up after 250 ms, before a far host can answer. Other connections try all addresses at once (`adapters/http/connector.ts`).
 */
const addressMs = 2_500;

/** One run of the program: its streams, its signals and its container. */
class CliProcess {
  readonly #process: NodeJS.Process;
  readonly #interrupt: Interrupt;
  #terminal: Terminal;
  #container: Container | null = null;
  #helpFailure: unknown = null;

  constructor(process: NodeJS.Process) {
    this.#process = process;
    this.#interrupt = new Interrupt(process, () => clock.nowMs());
    const logFormat = wantsJsonLogs(process.argv.slice(2)) ? 'json' : 'text';
    this.#terminal = this.#openTerminal({ quiet: false, verbosity: 0, color: true, logFormat });
    // A process that ends by a signal would leave the cursor hidden.
    this.#interrupt.beforeEnd(() => this.#terminal.live(null));
  }

  async toExitCode(): Promise<number> {
    const commandExitCode = await this.#command().catch((error: unknown) => reportError(error, this.#terminal));
    // Errors of parts that failed to start or stop are reported where they mattered; keep the exit code of the command.
    await this.#container?.close().catch(() => undefined);
    await this.#terminal.flush();
    const exitCode = this.#exitCodeOfHelp() ?? commandExitCode;
    const { received, drained } = this.#interrupt;
    if (received !== null && !drained) this.#interrupt.raise(received);
    return exitCode;
  }

  /** Reports help that could not be written; a reader that has gone is no error. */
  #exitCodeOfHelp(): number | null {
    const error = this.#helpFailure;
    const hasReaderGone = error instanceof Error && 'code' in error && error.code === 'EPIPE';
    return error === null || hasReaderGone ? null : reportError(error, this.#terminal);
  }

  reportBug(error: unknown): number {
    this.#terminal.live(null);
    return reportError(error, this.#terminal);
  }

  #command(): Promise<number> {
    return runProgram(this.#process.argv.slice(2), {
      commands,
      version,
      writeOut: (text) => void this.#terminal.result(text).catch((error: unknown) => (this.#helpFailure ??= error)),
      writeErr: (text) => this.#terminal.error(text.replace(/\n$/, '')),
      makeContext: (globals, options) => {
        this.#terminal = this.#openTerminal(options);
        return this.#contextOf(globals);
      },
    });
  }

  #openTerminal(options: TerminalOptions): Terminal {
    const { stdout, stderr, env } = this.#process;
    const color = options.color && wantsColor(stderr, env);
    const isDiscarded = (): boolean => isNullDevice(stdout.fd);
    return new Terminal({ stdout, stderr, isDiscarded }, { ...options, color }, () => clock.timestamp());
  }

  /** Loaded here, because help, usage errors and the version need none of it. */
  async #contextOf(globals: GlobalFlags): Promise<Context> {
    const { Container } = await import('./container/container.ts');
    const parts = { globals, terminal: this.#terminal, interrupt: this.#interrupt, commands };
    this.#container = new Container(this.#process, parts);
    return this.#container;
  }
}

/**
 * Runs the command that `process.argv` names and returns its exit code. A signal that ended the command is raised again.
 * An uncaught error is a bug and ends the process as one.
 */
export function run(process: NodeJS.Process): Promise<number> {
  setDefaultAutoSelectFamilyAttemptTimeout(addressMs);
  const cli = new CliProcess(process);
  process.on('uncaughtException', (error) => {
    process.exitCode = cli.reportBug(error);
    process.exit();
  });
  return cli.toExitCode();
}
