import { commands } from '../../../src/commands/command-list.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { UsageError } from '../../../src/domain/errors.ts';

class Understood extends Error {}

interface Answer {
  /** True if the command line is valid. */
  readonly isUnderstood: boolean;
  /** The program's error message for an invalid one. */
  readonly complaint: string;
}

/** Parses a command line with the program, without running the command. */
async function ask(args: readonly string[]): Promise<Answer> {
  let complaint = '';
  try {
    await runProgram(args, {
      commands,
      version: '0',
      writeOut: () => undefined,
      writeErr: (text) => (complaint += text),
      makeContext: () => {
        throw new Understood();
      },
    });
  } catch (error) {
    if (error instanceof Understood) return { isUnderstood: true, complaint: '' };
    // With JSON logs, a problem of the command line is thrown.
    if (!(error instanceof UsageError)) throw error;
    complaint = error.message;
  }
  return { isUnderstood: false, complaint };
}

/** The problem of a command line; empty if it is valid. */
export async function complaintAbout(args: readonly string[]): Promise<string> {
  const { isUnderstood, complaint } = await ask(args);
  if (!isUnderstood && complaint === '') throw new Error(`neither understood nor refused: ${args.join(' ')}`);
  return complaint;
}
