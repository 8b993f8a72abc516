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

/** What an error says, and its kind for programs that read JSON logs. */
interface Reported {
  readonly message: string;
  /** The fix; left out if there is none. */
  readonly hint?: string | null;
  readonly reason: string;
  /** The code of the service or the system; left out if there is none. */
  readonly code?: string | null;
}

/** Prints the error and returns the exit code. */
function report(terminal: Terminal, exitCode: number, { message, hint = null, reason, code = null }: Reported): number {
  const text = `${terminal.style('red', 'error:')} ${message}${hint === null ? '' : `\n  ${hint}`}`;
  terminal.error(text, { message, hint, reason, code, exitCode });
  return exitCode;
}

/** Prints the error that ended the command on stderr. Returns the exit code. */
export function reportError(error: unknown, terminal: Terminal): number {
  const exitCode = printError(error, terminal);
  const followUp = error instanceof Error ? followUps.get(error) : undefined;
  if (followUp !== undefined) terminal.note(followUp);
  return exitCode;
}

function printError(error: unknown, terminal: Terminal): number {
  const { message } = error instanceof Error ? error : new Error(String(error));
  if (error instanceof UsageError) {
    return report(terminal, exitCodes.usage, { message, hint: error.hint, reason: 'usage' });
  }
  if (error instanceof ProviderFault) {
    const { kind, code } = error.fault;
    return report(terminal, exitCodeOfFault(kind), { message, reason: kind, code });
  }
  if (error instanceof RemoteUnavailableError) {
    return report(terminal, exitCodes.unavailable, { message, reason: 'unavailable' });
  }
  if (error instanceof JournalLostError) {
    const hint = 'this run submitted nothing more; run the same command again when no other program uses the journal';
    return report(terminal, exitCodes.unavailable, { message, hint, reason: 'journal-lost' });
  }
  if (error instanceof QueueUnavailableError) {
    const hint = 'captcha doctor shows the cause';
    return report(terminal, exitCodes.unavailable, { message, hint, reason: 'queue-unavailable' });
  }
  if (error instanceof StateLogError) {
    const hint = 'to replace the log by an empty one: captcha budget --reset';
    return report(terminal, exitCodes.localIo, { message, hint, reason: 'state-log' });
  }
  if (isSystemError(error)) {
    if (error.code === 'EPIPE') return exitCodes.closedPipe;
    const failed = { message: `local input or output failed: ${message}`, reason: 'local', code: error.code };
    return report(terminal, exitCodes.localIo, failed);
  }
  const bug = error instanceof Error ? error : new Error(String(error));
  const hint = 'please report it; -v shows the stack trace';
  report(terminal, exitCodes.bug, { message: `a bug in captcha: ${message}`, hint, reason: 'bug' });
  if (terminal.options.verbosity > 0) terminal.error(bug.stack ?? '');
  return exitCodes.bug;
}
