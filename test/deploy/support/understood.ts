import { commands } from '../../../src/commands/command-list.ts';
import { runProgram } from '../../../src/cli/program.ts';

class Understood extends Error {}

interface Answer {
  /** True where the command line is one of the program's. */
  readonly isUnderstood: boolean;
  /** What the program says where it is not. */
  readonly complaint: string;
}

/** Has the program read a command line as far as it would begin to work. */
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
    throw error;
  }
  return { isUnderstood: false, complaint };
}

/** What is wrong with a command line; empty where nothing is. */
export async function complaintAbout(args: readonly string[]): Promise<string> {
  const { isUnderstood, complaint } = await ask(args);
  if (!isUnderstood && complaint === '') throw new Error(`neither understood nor refused: ${args.join(' ')}`);
  return complaint;
}
