import {
  RemoteUnavailableError,
  JournalLostError,
  QueueUnavailableError,
  StateLogError,
  UsageError,
} from '../domain/errors.ts';
import { ProviderFault } from '../domain/fault.ts';
import { exitCodeOfFault, exitCodes } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

/** A failed system call, as Node.js reports it. */
interface SystemError extends Error {
  readonly code: string;
  readonly syscall: string;
}

function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}

const followUps = new WeakMap<Error, string>();

/** Adds a text to print after the error, such as how to continue. */
export function addFollowUp(error: unknown, text: string): void {
  if (error instanceof Error) followUps.set(error, text);
}

function report(terminal: Terminal, message: string, hint: string | null): void {
  terminal.error(`${terminal.style('red', 'error:')} ${message}${hint === null ? '' : `\n  ${hint}`}`);
}

/** Prints the error that ended the command on stderr. Returns the exit code. */
export function reportError(error: unknown, terminal: Terminal): number {
  const exitCode = printError(error, terminal);
  const followUp = error instanceof Error ? followUps.get(error) : undefined;
  if (followUp !== undefined) terminal.note(followUp);
  return exitCode;
}

function printError(error: unknown, terminal: Terminal): number {
  if (error instanceof UsageError) {
    report(terminal, error.message, error.hint);
    return exitCodes.usage;
  }
  if (error instanceof ProviderFault) {
    report(terminal, error.message, null);
    return exitCodeOfFault(error.fault.kind);
  }
  if (error instanceof RemoteUnavailableError) {
    report(terminal, error.message, null);
    return exitCodes.unavailable;
  }
  if (error instanceof JournalLostError) {
    const hint = 'this run submitted nothing more; run the same command again when no other program uses the journal';
    report(terminal, error.message, hint);
    return exitCodes.unavailable;
  }
  if (error instanceof QueueUnavailableError) {
    report(terminal, error.message, 'captcha doctor shows the cause');
    return exitCodes.unavailable;
  }
  if (error instanceof StateLogError) {
    report(terminal, error.message, 'to replace the log by an empty one: captcha budget --reset');
    return exitCodes.localIo;
  }
  if (isSystemError(error)) {
    if (error.code === 'EPIPE') return exitCodes.closedPipe;
    report(terminal, `local input or output failed: ${error.message}`, null);
    return exitCodes.localIo;
  }
  const bug = error instanceof Error ? error : new Error(String(error));
  report(terminal, `a bug in captcha: ${bug.message}`, 'please report it; -v shows the stack trace');
  if (terminal.options.verbosity > 0) terminal.error(bug.stack ?? '');
  return exitCodes.bug;
}
