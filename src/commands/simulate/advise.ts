import type { Context } from '../../cli/context.ts';
import { exitCodes } from '../../cli/exit-codes.ts';
import { formatMs } from '../../cli/format.ts';
import { resilienceOptions } from '../../cli/resilience-options.ts';
import type { BudgetEvent } from '../../cli/shared-state.ts';
import type { Config } from '../../config/schema.ts';
import { type Advice, adviseBudget } from '../../core/simulation/advise-budget.ts';
import {
  compareStrategies,
  type ComparisonRequest,
  type ComparisonRow,
} from '../../core/simulation/compare-strategies.ts';
import type { ScenarioRequest } from '../../core/simulation/scenario.ts';
import { UsageError } from '../../domain/errors.ts';
import { readScenario, type SimulateFlags } from './request.ts';
import type { Simulation } from './simulation.ts';
import { comparisonCells, comparisonHead, comparisonNarrowing, describeScenario } from './view.ts';
import { renderTable } from '../../cli/table.ts';

/** What the shared log says about the load so far. */
interface ObservedLoad {
  /** Accepted submissions per second while there was work, to two digits. */
  readonly acceptedPerSecond: number;
  readonly accepted: number;
  /** Of work: minutes in which nothing was accepted do not count. In ms. */
  readonly overMs: number;
}

const minuteMs = 60_000;
/** Fewer say nothing about a rate. */
const fewest = 10;

/**
 * The rate by the minutes in which something was accepted: a budget is for those, not for the nights between them, and not
 * for the first second of a batch. Null where too little was accepted to tell.
 */
function observeLoad(events: Iterable<BudgetEvent>): ObservedLoad | null {
  const minutes = new Set<number>();
  let accepted = 0;
  for (const { at, entry } of events) {
    if (entry.type !== 'tally' || entry.accepted === 0) continue;
    accepted += entry.accepted;
    minutes.add(Math.floor(at / minuteMs));
  }
  if (accepted < fewest) return null;
  const overMs = minutes.size * minuteMs;
  return { acceptedPerSecond: Number((accepted / (overMs / 1_000)).toPrecision(2)), accepted, overMs };
}

/** The advice and the result of its simulation. */
interface AdviceReport {
  /** Null where the flags name the rate. */
  readonly observed: ObservedLoad | null;
  readonly scenario: ScenarioRequest;
  readonly advice: Advice;
  /** The same outage with the present settings and with the advised ones. */
  readonly tried: readonly { readonly settings: 'none' | 'present' | 'advised'; readonly row: ComparisonRow }[];
}

/** The advice as text: what to write, why, and what a simulated outage makes of it. */
function renderAdvice({ scenario, advice, tried }: AdviceReport, columns: number | null): string {
  const { ratio, minRetriesPerSecond, maxRetriesPerSecond, burst } = advice.budget;
  const written = JSON.stringify({ budget: { ratio, minRetriesPerSecond, maxRetriesPerSecond, burst } });
  const settings = advice.settings.map(({ key, value, because }) => `${key} = ${value}\n  ${because}\n`).join('');
  const head = ['budget', ...comparisonHead.slice(1)];
  const rows = tried.map(({ settings: name, row }) => [name, ...comparisonCells(row).slice(1)]);
  return [
    `${settings}\nin the config file: ${written}\n\n`,
    `simulated: ${describeScenario(scenario)}\n`,
    renderTable(head, rows, columns, comparisonNarrowing),
  ].join('');
}

/** Default number of clients for a rate: a solve takes about 15 s. */
const defaultTaskSeconds = 15;

function scenarioFor(flags: SimulateFlags, observed: ObservedLoad | null): ScenarioRequest {
  const rate = flags.rate ?? (observed === null ? undefined : `${observed.acceptedPerSecond}/s`);
  if (rate === undefined) {
    throw new UsageError(
      '--advise needs a rate: this host has submitted too little to estimate one',
      'add your usual submission rate, for example --rate 20/s',
    );
  }
  if (flags.solveTime !== undefined) return readScenario({ ...flags, rate });
  const clients = flags.clients ?? String(Math.ceil(Number.parseFloat(rate) * defaultTaskSeconds) || 1);
  return readScenario({ ...flags, rate, clients });
}

/** Without a key the log of the account cannot be found. */
const assumedRate = '3.33/s';

/** From the log that the processes of this host share; null where every process has a budget of its own. */
async function observedBy(config: Config, { sharedState }: Context): Promise<ObservedLoad | null> {
  const shared = await sharedState(config);
  return shared === null ? null : observeLoad(shared.history());
}

/** The load of the flags or of this host. Without a key nothing is known of this host, and a rate is assumed. */
async function loadFor(
  flags: SimulateFlags,
  config: Config,
  context: Context,
): Promise<{ observed: ObservedLoad | null; rate?: string }> {
  if (flags.rate !== undefined) return { observed: null };
  try {
    return { observed: await observedBy(config, context) };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    context.terminal.note(`the load of this host is unknown (${error.message}): assuming --rate ${assumedRate}`);
    return { observed: null, rate: assumedRate };
  }
}

function describeLoad({ accepted, overMs, acceptedPerSecond }: ObservedLoad): string {
  return `measured on this host: ${accepted} accepted submissions in ${formatMs(overMs)} of work, ${acceptedPerSecond}/s`;
}

async function tryOut(
  scenario: ScenarioRequest,
  config: Config,
  { env }: Simulation,
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
  const withoutResilience = await compareStrategies({ ...common, budgets: [null], breakers: [null] }, env);
  const { budget, breaker } = resilienceOptions(config);
  const budgets = [budget, advice.budget];
  const withResilience = await compareStrategies({ ...common, budgets, breakers: [breaker] }, env);
  const names = ['none', 'present', 'advised'] as const;
  const tried = [...withoutResilience.rows, ...withResilience.rows].map((row, index) => ({
    settings: names[index] ?? 'advised',
    row,
  }));
  return { scenario, advice, tried };
}

/** Sizes the budget for the load that the flags name, or that was observed, and lets an outage happen to it. */
export async function advise(flags: SimulateFlags, config: Config, context: Context): Promise<number> {
  const { globals, terminal } = context;
  const simulation = await context.simulation();
  const { observed, rate } = await loadFor(flags, config, context);
  if (observed !== null) terminal.note(describeLoad(observed));
  const report = {
    observed,
    ...(await tryOut(scenarioFor({ ...flags, ...(rate && { rate }) }, observed), config, simulation)),
  };
  await (globals.json ? terminal.json(report) : terminal.result(renderAdvice(report, terminal.columns)));
  return exitCodes.done;
}
