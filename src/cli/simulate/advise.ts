import type { Config } from '../../config/schema.ts';
import { adviseBudget } from '../../core/simulate/advise-budget.ts';
import { compareStrategies, type ComparisonRequest } from '../../core/simulate/compare-strategies.ts';
import type { ScenarioRequest } from '../../core/simulate/scenario.ts';
import { UsageError } from '../../domain/usage-error.ts';
import type { Context } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { formatMs } from '../output/format.ts';
import { type AdviceReport, renderAdvice } from '../output/simulate-advice-view.ts';
import { breakerOf, budgetOf } from './configured-protection.ts';
import { type ObservedLoad, observeLoad } from './observed-load.ts';
import { readScenario } from './read-request.ts';
import type { SimulateFlags } from './simulate-flags.ts';
import type { Simulation } from './simulation.ts';

/** Clients that a rate takes where nobody says how many there are: a solve takes about 15 s. */
const usualTaskSeconds = 15;

function scenarioFor(flags: SimulateFlags, observed: ObservedLoad | null): ScenarioRequest {
  const rate = flags.rate ?? (observed === null ? undefined : `${observed.acceptedPerSecond}/s`);
  if (rate === undefined) {
    throw new UsageError(
      '--advise: for which rate? too little was submitted from this host so far to know',
      'say what is submitted while all is well, for example --rate 20/s',
    );
  }
  const clients = flags.clients ?? String(Math.ceil(Number.parseFloat(rate) * usualTaskSeconds) || 1);
  return readScenario({ ...flags, rate, clients });
}

/** From the log that the processes of this host share; null where every process has a budget of its own. */
async function observedBy(config: Config, { sharedState }: Context): Promise<ObservedLoad | null> {
  const shared = await sharedState(config);
  return shared === null ? null : observeLoad(shared.history());
}

function describeLoad({ accepted, overMs, acceptedPerSecond }: ObservedLoad): string {
  return `seen on this host: ${accepted} accepted submissions in ${formatMs(overMs)} of work, ${acceptedPerSecond}/s`;
}

async function tryOut(
  scenario: ScenarioRequest,
  config: Config,
  { kit }: Simulation,
): Promise<Omit<AdviceReport, 'observed'>> {
  const advice = adviseBudget({
    ratePerSecond: scenario.ratePerSecond,
    outageMs: scenario.outage.toMs - scenario.outage.fromMs,
  });
  const { maxAttempts, maxUnsolvable, baseDelayMs, maxDelayMs, strategy } = config.retry;
  const common: Omit<ComparisonRequest, 'budgets' | 'breakers'> = {
    scenario,
    strategies: [strategy],
    limits: { maxAttempts, maxUnsolvable },
    baseDelayMs,
    maxDelayMs,
    timeoutMs: config.solve.timeoutMs,
  };
  const bare = await compareStrategies({ ...common, budgets: [null], breakers: [null] }, kit);
  const budgets = [budgetOf(config), advice.budget];
  const guarded = await compareStrategies({ ...common, budgets, breakers: [breakerOf(config)] }, kit);
  const names = ['none', 'present', 'advised'] as const;
  const tried = [...bare.rows, ...guarded.rows].map((row, index) => ({ settings: names[index] ?? 'advised', row }));
  return { scenario, advice, tried };
}

/** Sizes the budget for the load that the flags name, or that was observed, and lets an outage happen to it. */
export async function advise(flags: SimulateFlags, config: Config, context: Context): Promise<number> {
  const { globals, terminal } = context;
  const simulation = await context.simulation();
  const observed = flags.rate === undefined ? await observedBy(config, context) : null;
  if (observed !== null) terminal.note(describeLoad(observed));
  const report = { observed, ...(await tryOut(scenarioFor(flags, observed), config, simulation)) };
  await (globals.json ? terminal.json(report) : terminal.result(renderAdvice(report, terminal.columns)));
  return exitCodes.done;
}
