import type { ComparedStrategy } from '../resilience/backoff.ts';
import type { BreakerOptions } from '../resilience/circuit-breaker.ts';
import type { RetryBudgetOptions } from '../resilience/retry-budget.ts';
import type { RetryLimits } from '../resilience/retry-decision.ts';
import type { SolverOptions } from '../solve/solver.ts';
import type { SimulationEnv } from './environment.ts';
import { scenarioOf, type ScenarioRequest } from './scenario.ts';
import { figuresOf, runStorm, type StormFigures } from './storm.ts';

/** All strategies; the configurable ones come first. */
export const comparedStrategies: readonly ComparedStrategy[] = [
  'none',
  'fixed',
  'linear',
  'exponential',
  'full-jitter',
  'decorrelated-jitter',
  'equal-jitter',
  'aws-decorrelated',
];

/** What to compare. */
export interface ComparisonRequest {
  readonly scenario: ScenarioRequest;
  readonly strategies: readonly ComparedStrategy[];
  /** Budgets to compare; null means none. */
  readonly budgets: readonly (RetryBudgetOptions | null)[];
  readonly breakers: readonly (BreakerOptions | null)[];
  readonly limits: RetryLimits;
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  readonly timeoutMs: number;
}

export interface ComparisonRow extends StormFigures {
  readonly strategy: ComparedStrategy;
  readonly budget: boolean;
  readonly breaker: boolean;
  /** Submissions in each second of the scenario. */
  readonly load: readonly number[];
}

export interface Comparison {
  readonly scenario: ScenarioRequest;
  readonly rows: readonly ComparisonRow[];
}

interface Case {
  readonly strategy: ComparedStrategy;
  readonly budget: RetryBudgetOptions | null;
  readonly breaker: BreakerOptions | null;
}

async function rowOf(request: ComparisonRequest, { strategy, budget, breaker }: Case, env: SimulationEnv) {
  const { limits, baseDelayMs, maxDelayMs, timeoutMs } = request;
  const scenario = scenarioOf(request.scenario);
  const backoff = { strategy, baseDelayMs, maxDelayMs };
  // Without protection there is nothing to wait for; with protection the clients wait, as a batch does.
  const onExhausted = budget === null && breaker === null ? 'fail' : 'pause';
  const solver: SolverOptions = { timeoutMs, limits, backoff, onExhausted };
  const history = await runStorm(scenario, { solver, resilience: { budget, breaker }, isShared: true }, env);
  const load = history.seconds.map(({ submissions }) => submissions);
  return { strategy, budget: budget !== null, breaker: breaker !== null, ...figuresOf(history, scenario), load };
}

/** Runs the same outage for every strategy, with and without protection. */
export async function compareStrategies(request: ComparisonRequest, env: SimulationEnv): Promise<Comparison> {
  const cases = request.strategies.flatMap((strategy) =>
    request.budgets.flatMap((budget) => request.breakers.map((breaker): Case => ({ strategy, budget, breaker }))),
  );
  const rows: ComparisonRow[] = [];
  for (const each of cases) rows.push(await rowOf(request, each, env));
  return { scenario: request.scenario, rows };
}
