import type { Task } from '../../domain/task.ts';
import type { SolverApi } from '../../ports/api.ts';
import type { ThrashingModel, ServiceModel, ServiceWatch, VirtualTime } from '../../ports/simulation.ts';
import type { Breaker, RetryBudget } from '../../ports/state.ts';
import type { Clock, Random } from '../../ports/system.ts';
import { type BreakerOptions, ProcessBreaker } from '../resilience/circuit-breaker.ts';
import { ProcessRetryBudget, type RetryBudgetOptions } from '../resilience/retry-budget.ts';
import type { PollTiming } from '../solve/poll-schedule.ts';

interface ServiceDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly watch: ServiceWatch;
}

/** Dependencies of a simulation of the production solver. */
export interface SimulationEnv {
  /** A virtual clock that starts at 0. */
  readonly clock: () => VirtualTime;
  readonly random: (seed: number) => Random;
  readonly service: (model: ServiceModel, deps: ServiceDeps) => SolverApi;
  readonly createThrashingApi: (model: ThrashingModel, deps: ServiceDeps) => SolverApi;
}

/** The protection between clients and service; null for none. */
export interface ResiliencePlan {
  readonly budget: RetryBudgetOptions | null;
  readonly breaker: BreakerOptions | null;
}

export interface SimulatedResilience {
  readonly budget: RetryBudget;
  readonly breaker: Breaker;
}

/** No protection: every retry is granted, every submission admitted. */
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

/** The production budget and breaker. Clients that get the same pair share them. */
export function createSimulatedResilience(
  plan: ResiliencePlan,
  deps: { clock: Clock; random: Random },
): SimulatedResilience {
  return {
    budget: plan.budget === null ? noResilience.budget : new ProcessRetryBudget(plan.budget, deps),
    breaker: plan.breaker === null ? noResilience.breaker : new ProcessBreaker(plan.breaker, deps),
  };
}

/** The bucket of the article's clients: ten retries per second, full at the start. */
export const articleBudget: RetryBudgetOptions = {
  ratio: null,
  minRetriesPerSecond: 0,
  maxRetriesPerSecond: 10,
  burst: 10,
};

/** The default budget; a test compares it with the schema. */
export const shippingBudget: RetryBudgetOptions = {
  ratio: 0.1,
  minRetriesPerSecond: 0.2,
  maxRetriesPerSecond: 10,
  burst: 10,
};

/** The default breaker; a test compares it with the schema. */
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

/** A task for simulations. */
export function simulatedTask(name: string | number): Task {
  return { taskId: String(name), method: 'turnstile', params: {}, ...nothing };
}

/** For simulated services that have the solution as soon as they accept the task. */
export const atOnce: PollTiming = { firstWaitMs: 0, intervalMs: 0, lifetimeMs: null };

/** A signal that never aborts. Use one per clock: its listeners are the sleepers on that clock. */
export function neverAborted(): AbortSignal {
  return new AbortController().signal;
}
