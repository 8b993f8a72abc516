import type { Task } from '../../domain/task.ts';
import type { SolverApi } from '../../ports/api.ts';
import type { ThrashingModel, ServiceModel, ServiceWatch, VirtualTime } from '../../ports/simulation.ts';
import type { Breaker, RetryBudget } from '../../ports/state.ts';
import type { Clock, Random } from '../../ports/system.ts';
import { type BreakerOptions, ProcessBreaker } from '../resilience/circuit-breaker.ts';
import { ProcessRetryBudget, type RetryBudgetOptions } from '../resilience/retry-budget.ts';
import type { PollTiming } from '../solve/poll-pacing.ts';

interface ServiceDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly watch: ServiceWatch;
}

/** The parts that make a simulation of the shipping solver. */
export interface SimulationEnv {
  /** Begins at 0. */
  readonly clock: () => VirtualTime;
  readonly random: (seed: number) => Random;
  readonly service: (model: ServiceModel, deps: ServiceDeps) => SolverApi;
  readonly createThrashingApi: (model: ThrashingModel, deps: ServiceDeps) => SolverApi;
}

/** What stands between clients and the service; null where there is none. */
export interface ResiliencePlan {
  readonly budget: RetryBudgetOptions | null;
  readonly breaker: BreakerOptions | null;
}

export interface SimulatedResilience {
  readonly budget: RetryBudget;
  readonly breaker: Breaker;
}

/** Every retry is paid for, every submission let through. */
export const noResilience: SimulatedResilience = {
  budget: {
    deposit: () => undefined,
    tryWithdraw: () => ({ granted: true, waitMs: 0, balance: Infinity }),
  },
  breaker: {
    tryAcquire: () => ({ admitted: true, pass: { epoch: 0, probe: false } }),
    record: () => undefined,
  },
};

/** The shipping budget and breaker; whoever is handed the same pair shares them. */
export function createSimulatedResilience(
  plan: ResiliencePlan,
  deps: { clock: Clock; random: Random },
): SimulatedResilience {
  return {
    budget: plan.budget === null ? noResilience.budget : new ProcessRetryBudget(plan.budget, deps),
    breaker: plan.breaker === null ? noResilience.breaker : new ProcessBreaker(plan.breaker, deps),
  };
}

/** The bucket of the article's clients, ten retries per second, full at the start. */
export const articleBudget: RetryBudgetOptions = {
  ratio: null,
  minRetriesPerSecond: 0,
  maxRetriesPerSecond: 10,
  burst: 10,
};

/** The budget as it is configured by default; a test holds it against the schema. */
export const shippingBudget: RetryBudgetOptions = {
  ratio: 0.1,
  minRetriesPerSecond: 0.2,
  maxRetriesPerSecond: 10,
  burst: 10,
};

/** The breaker as it is configured by default; a test holds it against the schema. */
export const shippingBreaker: BreakerOptions = {
  failureRatio: 0.5,
  minimumThroughput: 10,
  consecutiveFailures: 5,
  samplingDurationMs: 30_000,
  breakDurationMs: 5_000,
  maxBreakDurationMs: 60_000,
  probeLeaseMs: 60_000,
  unprovenLimit: 5,
};

const nothing = { sitekey: null, pageurl: null, body: null, region: null, rule: null };

/** A task that exists in a simulation only. */
export function simulatedTask(name: string | number): Task {
  return { taskId: String(name), method: 'turnstile', params: {}, ...nothing };
}

/** For services that have the solution as soon as they have accepted the task. */
export const atOnce: PollTiming = { firstWaitMs: 0, intervalMs: 0, coldStartMs: [], lifetimeMs: null };

/** A signal that never aborts; one for each clock, which remembers who sleeps on it. */
export function neverAborted(): AbortSignal {
  return new AbortController().signal;
}
