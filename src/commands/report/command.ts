import type { Command } from 'commander';
import { type CommandRunner, type Context, withAccount } from '../../cli/context.ts';
import { exitCodeOfFault, exitCodes } from '../../cli/exit-codes.ts';
import { argumentWithChoices } from '../../cli/choices.ts';
import { helpText } from '../../cli/help.ts';
import { knownNames } from '../../domain/closest-name.ts';
import { UsageError } from '../../domain/errors.ts';
import { type Fault, ProviderFault } from '../../domain/fault.ts';
import type { AccountApi } from '../../ports/api.ts';

const verdicts = ['good', 'bad'] as const;

type Verdict = (typeof verdicts)[number];

export interface ReportFlags {
  /** As written. */
  readonly verdict: string;
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
    .addArgument(argumentWithChoices('<verdict>', 'good (correct) or bad (incorrect)', verdicts))
    .argument('<ids...>', 'captcha ids of solved tasks')
    .addHelpText('after', helpText(examples))
    .action((verdict: string, ids: string[]) => runCommand(run, { verdict, ids }));
}

async function reportOne(api: AccountApi, captchaId: string, verdict: Verdict): Promise<Reported> {
  try {
    await api.report(captchaId, verdict);
    return { captchaId, fault: null };
  } catch (error) {
    if (error instanceof ProviderFault) return { captchaId, fault: error.fault };
    throw error;
  }
}

function verdictOf(written: string): Verdict {
  const verdict = verdicts.find((name) => name === written);
  if (verdict === undefined) throw new UsageError(`${written}: unknown verdict`, knownNames(written, verdicts));
  return verdict;
}

/** Tells the service whether its solutions were right; an id that it does not record is said, the others go on. */
export async function run({ verdict: written, ids }: ReportFlags, context: Context): Promise<number> {
  const verdict = verdictOf(written);
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
