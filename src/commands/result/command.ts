import type { Command } from 'commander';
import type { CommandRunner, Context } from '../../cli/context.ts';
import { exitCodeOfFault, exitCodes } from '../../cli/exit-codes.ts';
import { overridesOf } from '../../cli/flags.ts';
import { helpText } from '../../cli/help.ts';
import { discardedHint } from '../../cli/outcome-view.ts';
import { fetchResultOnce, pollUntilKnown, type FetchedResult } from './fetch-result.ts';

function statusOf(result: FetchedResult): 'solved' | 'not-ready' | 'failed' | 'unknown' {
  if (!('fault' in result)) return 'solved';
  if (result.isPending) return 'not-ready';
  const { kind } = result.fault;
  // Everything else says nothing about the id.
  return kind === 'unsolvable' || kind === 'rejected' ? 'failed' : 'unknown';
}

/** A result as `captcha result --json` prints it: the same keys whether there is a solution or not. */
function resultReport(result: FetchedResult): object {
  const solution = 'solution' in result ? result.solution : null;
  const fault = 'fault' in result ? result.fault : null;
  return {
    captchaId: result.captchaId,
    status: statusOf(result),
    solution: solution?.text ?? null,
    fields: solution?.fields ?? {},
    code: fault?.code ?? null,
    message: fault?.message ?? null,
  };
}

export interface ResultFlags {
  readonly ids: readonly string[];
  readonly timeout?: string;
  readonly allowFastPolling?: true;
  /** False after `--no-wait`. */
  readonly wait: boolean;
}

const examples = `
Prints one line per id, in the order of the arguments. An id without a solution gets an empty line.

Examples:
  $ captcha result 3397637370
  $ captcha result --no-wait 3397637370 3397637371 --json`;

/** Declares `captcha result`. */
export function register(command: Command, runCommand: CommandRunner): void {
  command
    .argument('<ids...>', 'captcha ids of submitted tasks')
    .option('--timeout <duration>', 'poll timeout (config: solve.timeout)')
    .option('--no-wait', 'poll once, do not wait')
    .option('--allow-fast-polling', 'poll faster than the service advises; it may block the account')
    .addHelpText('after', helpText(examples))
    .action((ids: string[], flags: Omit<ResultFlags, 'ids'>) => runCommand(run, { ids, ...flags }));
}

function exitCodeOf(results: readonly FetchedResult[]): number {
  const codes = results.map((result) => ('fault' in result ? exitCodeOfFault(result.fault.kind) : exitCodes.done));
  return Math.max(...codes);
}

async function show(
  pending: readonly Promise<FetchedResult>[],
  { globals, terminal }: Context,
): Promise<readonly FetchedResult[]> {
  const results: FetchedResult[] = [];
  for (const next of pending) {
    const result = await next;
    results.push(result);
    if (!globals.json) await terminal.data(`${'solution' in result ? result.solution.text : ''}\n`);
    if ('fault' in result) terminal.error(`${result.captchaId}: ${result.fault.message}`);
  }
  if (globals.json) await terminal.json({ results: results.map(resultReport) });
  const solved = results.flatMap((result) => ('solution' in result ? result.captchaId : []));
  if (solved.length > 0 && terminal.discardsResults) terminal.error(discardedHint(solved, globals));
  return results;
}

/** Fetches the solutions of ids that were paid for. Submits nothing. */
export async function run(flags: ResultFlags, context: Context): Promise<number> {
  const { timeout } = flags;
  const session = await context.session({
    overrides: overridesOf({ timeout }, { timeout: 'solve.timeout' }),
    allowFastPolling: flags.allowFastPolling === true,
  });
  const leave = new AbortController();
  try {
    const fetch = (id: string): Promise<FetchedResult> =>
      flags.wait ? pollUntilKnown(id, { session, left: leave.signal }, context) : fetchResultOnce(id, session);
    const pending = flags.ids.map(fetch);
    // They are awaited in turn: one that fails early must not count as unhandled.
    for (const each of pending) each.catch(() => undefined);
    return exitCodeOf(await show(pending, context));
  } finally {
    leave.abort();
    await session.close();
  }
}
