import { seededRandom } from '../../src/adapters/virtual/seeded-random.ts';
import { VirtualClock } from '../../src/adapters/virtual/virtual-clock.ts';
import { type BreakerOptions, ProcessBreaker } from '../../src/core/resilience/circuit-breaker.ts';
import { ProcessRetryBudget, type RetryBudgetOptions } from '../../src/core/resilience/retry-budget.ts';
import type { PollTiming } from '../../src/core/solve/poll-pacing.ts';
import { Solver, type SolverOptions } from '../../src/core/solve/solver.ts';
import type { UsageSink } from '../../src/core/solve/usage-recorder.ts';
import type { SolverEvent } from '../../src/domain/events.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import type { Task } from '../../src/domain/task.ts';
import type { Breaker, RetryBudget } from '../../src/ports/state.ts';
import type { SubmissionGate } from '../../src/ports/submissions.ts';
import { aTask, someOptions } from './builders.ts';
import { notReady, ready, type ScriptedAnswers, ScriptedApi } from './scripted-api.ts';

export const usualBudget: RetryBudgetOptions = {
  ratio: 0.1,
  minRetriesPerSecond: 0.2,
  maxRetriesPerSecond: 10,
  burst: 10,
};

export const usualBreaker: BreakerOptions = {
  failureRatio: 0.5,
  minimumThroughput: 10,
  consecutiveFailures: 5,
  samplingDurationMs: 30_000,
  breakDurationMs: 5_000,
  maxBreakDurationMs: 60_000,
  probeLeaseMs: 60_000,
};

export const usualTiming: PollTiming = {
  firstWaitMs: 15_000,
  intervalMs: 5_000,
  coldStartMs: [3_000, 5_000],
  lifetimeMs: 120_000,
};

/** Accepts at once, and has the solution at the second poll. */
export const wellBehaved: ScriptedAnswers = {
  submits: () => [{ answer: 'accepted' }],
  polls: () => [{ answer: notReady }, { answer: ready }],
};

export interface SolverHarnessParts {
  readonly answers?: Partial<ScriptedAnswers>;
  readonly options?: Partial<SolverOptions>;
  readonly budget?: RetryBudgetOptions;
  readonly breaker?: BreakerOptions;
  readonly timing?: PollTiming;
  readonly seed?: number;
  /** Names of the inputs that one submission of a task uses up. */
  readonly singleUse?: readonly string[];
  /** Creates the hold and the limits. */
  readonly gateFor?: (nowMs: () => number) => SubmissionGate;
  /** Creates what counts the use of the account. */
  readonly usageFor?: (clock: VirtualClock) => UsageSink;
  /** Wraps the budget or the breaker, to observe or slow them. */
  readonly wrapBudget?: (budget: RetryBudget, clock: VirtualClock) => RetryBudget;
  readonly wrapBreaker?: (breaker: Breaker, clock: VirtualClock) => Breaker;
}

export interface SolverHarness {
  readonly clock: VirtualClock;
  readonly api: ScriptedApi;
  readonly solver: Solver;
  readonly events: readonly SolverEvent[];
  readonly stop: AbortController;
}

/** The solver with all its dependencies, in virtual time. */
export function aHarness(parts: SolverHarnessParts = {}): SolverHarness {
  const clock = new VirtualClock();
  const random = seededRandom(parts.seed ?? 1);
  const api = new ScriptedApi({ ...wellBehaved, ...parts.answers }, { clock });
  const budget: RetryBudget = new ProcessRetryBudget(parts.budget ?? usualBudget, { clock });
  const breaker: Breaker = new ProcessBreaker(parts.breaker ?? usualBreaker, { clock, random });
  const events: SolverEvent[] = [];
  const solver = new Solver(someOptions(parts.options), {
    api,
    clock,
    random,
    budget: parts.wrapBudget?.(budget, clock) ?? budget,
    breaker: parts.wrapBreaker?.(breaker, clock) ?? breaker,
    emit: (event) => events.push(event),
    timing: () => parts.timing ?? usualTiming,
    singleUse: () => parts.singleUse ?? [],
    ...(parts.usageFor && { usage: parts.usageFor(clock) }),
    ...(parts.gateFor && { submissions: parts.gateFor(() => clock.nowMs()) }),
  });
  return { clock, api, solver, events, stop: new AbortController() };
}

/** Runs tasks that start now to their end. */
export async function solveAll({ solver, stop, clock }: SolverHarness, tasks: readonly Task[]): Promise<Outcome[]> {
  const outcomes = Promise.all(tasks.map((task) => solver.solve(task, stop.signal)));
  await clock.run();
  return outcomes;
}

/** One task in its own harness. */
export async function solveOne(parts: SolverHarnessParts): Promise<{ outcome: Outcome; harness: SolverHarness }> {
  const harness = aHarness(parts);
  const [outcome] = await solveAll(harness, [aTask()]);
  return { outcome: outcome!, harness };
}
