import { commands } from '../../../src/commands/command-list.ts';
import type { GlobalFlags } from '../../../src/cli/context.ts';
import { runProgram } from '../../../src/cli/program.ts';
import type { TerminalOptions } from '../../../src/cli/terminal.ts';
import { aStage, type StageParts } from './a-stage.ts';

/** The result of a command line. */
export interface Ran {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
  /** Null if no command ran. */
  readonly globals: GlobalFlags | null;
  readonly options: TerminalOptions | null;
}

/** Runs a command line with its own stage. */
export async function runIn(args: readonly string[], parts: StageParts = {}): Promise<Ran> {
  let out = '';
  let err = '';
  let globals: GlobalFlags | null = null;
  let options: TerminalOptions | null = null;
  let stage = aStage(parts);
  const exitCode = await runProgram(args, {
    commands,
    version: '1.2.3',
    writeOut: (text) => (out += text),
    writeErr: (text) => (err += text),
    makeContext: (readGlobals, readOptions) => {
      globals = readGlobals;
      options = readOptions;
      stage = aStage({ ...parts, globals: readGlobals, options: readOptions });
      return stage.context;
    },
  });
  return { exitCode, out: out + stage.stdout.text, err: err + stage.stderr.text, globals, options };
}
