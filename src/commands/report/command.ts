import { Argument, type Command } from 'commander';
import { type CommandRunner, type Context, withAccount } from '../../cli/context.ts';
import { exitCodeOfFault, exitCodes } from '../../cli/exit-codes.ts';
import { helpText } from '../../cli/help.ts';
import { type Fault, ProviderFault } from '../../domain/fault.ts';
import type { AccountApi } from '../../ports/api.ts';

export interface ReportFlags {
  readonly verdict: 'good' | 'bad';
  readonly ids: readonly string[];
}

interface Reported {
  readonly captchaId: string;
  readonly fault: Fault | null;
}

const examples = `
Examples:
  $ captcha report bad 3397637370
  $ captcha report good 3397637371 3397637372`;

/** Declares `captcha report`. */
export function register(command: Command, runCommand: CommandRunner): void {
  command
    .addArgument(new Argument('<verdict>', 'good (correct) or bad (incorrect)').choices(['good', 'bad']))
    .argument('<ids...>', 'captcha ids of solved tasks')
    .addHelpText('after', helpText(examples))
    .action((verdict: 'good' | 'bad', ids: string[]) => runCommand(run, { verdict, ids }));
}

async function reportOne(api: AccountApi, captchaId: string, verdict: 'good' | 'bad'): Promise<Reported> {
  try {
    await api.report(captchaId, verdict);
    return { captchaId, fault: null };
  } catch (error) {
    if (error instanceof ProviderFault) return { captchaId, fault: error.fault };
    throw error;
  }
}

/** Tells the service whether its solutions were right; an id that it does not record is said, the others go on. */
export async function run({ verdict, ids }: ReportFlags, context: Context): Promise<number> {
  const { globals, terminal } = context;
  const reported = await withAccount(context, (api) => Promise.all(ids.map((id) => reportOne(api, id, verdict))));
  for (const { captchaId, fault } of reported) {
    if (fault !== null) terminal.error(`${captchaId}: ${fault.message}`);
  }
  const results = reported.map(({ captchaId, fault }) => ({
    captchaId,
    recorded: fault === null,
    code: fault?.code ?? null,
  }));
  if (globals.json) await terminal.json({ verdict, results });
  else terminal.note(`${results.filter(({ recorded }) => recorded).length} of ${ids.length} reported as ${verdict}`);
  return Math.max(...reported.map(({ fault }) => (fault === null ? exitCodes.done : exitCodeOfFault(fault.kind))));
}
