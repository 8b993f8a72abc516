import { runProgram } from '../../../src/cli/program.ts';

/** Commands and flags of the contract that the program does not have yet: what it has is asked of itself. */
const promised: Readonly<Record<string, readonly string[]>> = {
  worker: ['--region', '--concurrency', '--exit-when-idle', '--health-host', '--health-port', '--budget'],
};

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
  const [name = '', flags = []] = Object.entries(promised).find(([each]) => args.includes(each)) ?? [];
  if (isUnderstood || !complaint.includes(`unknown command '${name}'`)) return complaint;
  const own = args.slice(args.indexOf(name) + 1).filter((word) => word.startsWith('--'));
  const unknown = own.filter((flag) => !flags.includes(flag));
  if (unknown.length > 0) return `captcha ${name} has no ${unknown.join(', ')}`;
  // What stands before the command is judged with one that the program has.
  const globals = args.slice(0, args.indexOf(name));
  return (await ask([...globals, 'doctor'])).complaint;
}
