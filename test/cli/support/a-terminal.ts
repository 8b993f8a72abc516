import { Terminal, type TerminalOptions } from '../../../src/cli/terminal.ts';
import { FakeStream, type FakeStreamParts } from './fake-stream.ts';

/** The time of the terminal's clock. */
export const writtenAt = Date.UTC(2026, 0, 2, 3, 4, 5);

export interface TerminalParts {
  readonly options?: Partial<TerminalOptions>;
  readonly stdout?: FakeStreamParts;
  readonly stderr?: FakeStreamParts;
}

/** A terminal and its streams. */
export function aTerminal({ options, stdout, stderr }: TerminalParts = {}) {
  const streams = { stdout: new FakeStream(stdout), stderr: new FakeStream(stderr) };
  const usual: TerminalOptions = { quiet: false, verbosity: 0, color: false, logFormat: 'text' };
  return { ...streams, terminal: new Terminal(streams, { ...usual, ...options }, () => writtenAt) };
}
