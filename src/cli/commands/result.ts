import type { Command } from 'commander';
import { collect, type CollectDeps } from '../../core/solve/collect.ts';
import { describeFault, type Fault, type FaultKind, ProviderFault } from '../../domain/fault.ts';
import type { Solution } from '../../domain/solution.ts';
import type { Context, Session } from '../context.ts';
import { exitCodeOfFault, exitCodes } from '../exit-codes.ts';
import { overridesOf } from '../flags.ts';
import type { Act } from '../program.ts';

export interface ResultFlags {
  readonly ids: readonly string[];
  readonly timeout?: string;
  readonly allowFastPolling?: true;
  /** False after `--no-wait`. */
  readonly wait: boolean;
}

type Result = { readonly captchaId: string } & ({ readonly solution: Solution } | { readonly fault: Fault });

const examples = `
Examples:
  $ captcha result 3397637370
  $ captcha result --no-wait 3397637370 3397637371 --json

One line per id, in the order of the arguments; an empty line for an id that has no solution.`;

/** Declares `captcha result`. */
export function register(command: Command, act: Act): void {
  command
    .argument('<ids...>', 'ids that were accepted by the service')
    .option('--timeout <duration>', 'poll so long at most (config: solve.timeout)')
    .option('--no-wait', 'look once')
    .option('--allow-fast-polling', 'poll faster than the service advises (it may ban you)')
    .addHelpText('after', examples)
    .action((ids: string[], flags: Omit<ResultFlags, 'ids'>) => act(run, { ids, ...flags }));
}

async function lookOnce(captchaId: string, { api, config }: Session): Promise<Result> {
  try {
    const answer = await api.poll(captchaId, { timeLeftMs: config.solve.timeoutMs });
    if (answer.ready) return { captchaId, solution: answer.solution };
    return { captchaId, fault: describeFault({ kind: 'timeout', message: 'not ready yet' }) };
  } catch (error) {
    if (error instanceof ProviderFault) return { captchaId, fault: error.fault };
    throw error;
  }
}

/** What polls need, until `left`: then a wait ends at once and the look after it throws, so that no poll outlives us. */
function depsUntil(left: AbortSignal, { api }: Session, { clock, random }: Context): CollectDeps {
  return {
    random,
    clock: { nowMs: () => clock.nowMs(), timestamp: () => clock.timestamp(), sleep: (ms) => clock.sleep(ms, left) },
    api: {
      submit: (task, limits) => api.submit(task, limits),
      poll: async (id, limits) => {
        left.throwIfAborted();
        return api.poll(id, limits);
      },
    },
  };
}

async function pollUntilKnown(
  captchaId: string,
  { session, left }: { session: Session; left: AbortSignal },
  context: Context,
): Promise<Result> {
  const { clock, terminal } = context;
  const { end } = await collect(
    {
      captchaId,
      timing: { firstWaitMs: 0, intervalMs: session.intervalMs, lifetimeMs: null },
      deadlineAtMs: clock.nowMs() + session.config.solve.timeoutMs,
      report: (event) => {
        if (event.type === 'poll-fault')
          terminal.note(`${captchaId}: ${event.fault.message}; polling on`, { level: 1 });
      },
    },
    depsUntil(left, session, context),
  );
  return { captchaId, ...end };
}

/** `unknown` where the service said nothing about the id. */
const statusByKind: Record<FaultKind, 'not-ready' | 'failed' | 'unknown'> = {
  timeout: 'not-ready',
  unsolvable: 'failed',
  rejected: 'failed',
  account: 'unknown',
  throttled: 'unknown',
  transport: 'unknown',
};

/** The same keys whether there is a solution or not. */
function resultReport(result: Result): object {
  const solution = 'solution' in result ? result.solution : null;
  const fault = 'fault' in result ? result.fault : null;
  return {
    captchaId: result.captchaId,
    status: fault === null ? 'solved' : statusByKind[fault.kind],
    solution: solution?.text ?? null,
    fields: solution?.fields ?? {},
    code: fault?.code ?? null,
    message: fault?.message ?? null,
  };
}

function exitCodeOf(results: readonly Result[]): number {
  const codes = results.map((result) => ('fault' in result ? exitCodeOfFault(result.fault.kind) : exitCodes.done));
  return Math.max(...codes);
}

async function show(pending: readonly Promise<Result>[], { globals, terminal }: Context): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const next of pending) {
    const result = await next;
    results.push(result);
    if (!globals.json) await terminal.result(`${'solution' in result ? result.solution.text : ''}\n`);
    if ('fault' in result) terminal.error(`${result.captchaId}: ${result.fault.message}`);
  }
  if (globals.json) await terminal.json({ results: results.map(resultReport) });
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
    const fetch = (id: string): Promise<Result> =>
      flags.wait ? pollUntilKnown(id, { session, left: leave.signal }, context) : lookOnce(id, session);
    const pending = flags.ids.map(fetch);
    // They are awaited in turn: one that fails early must not count as unhandled.
    for (const each of pending) each.catch(() => undefined);
    return exitCodeOf(await show(pending, context));
  } finally {
    leave.abort();
    await session.close();
  }
}
