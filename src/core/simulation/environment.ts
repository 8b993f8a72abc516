import type { Task } from '../../domain/task.ts';
import type { SolverApi } from '../../ports/api.ts';
import type { ThrashingModel, ServiceModel, ServiceWatch, VirtualTime } from '../../ports/simulation.ts';
import type { Breaker, RetryBudget } from '../../ports/state.ts';
import type { Clock, Random } from '../../ports/system.ts';
import { type BreakerOptions, ProcessBreaker } from '../resilience/circuit-breaker.ts';
import { ProcessRetryBudget, type RetryBudgetOptions } from '../resilience/retry-budget.ts';

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
    tryAcquire: () => ({ admitted: true, permit: { epoch: 0, probe: false } }),
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

const nothing = { sitekey: null, pageurl: null, body: null, region: null, rule: null };

/** A task that exists in a simulation only. */
export function simulatedTask(name: string | number): Task {
  return { taskId: String(name), method: 'turnstile', params: {}, ...nothing };
}

/** A signal that never aborts; one for each clock, which remembers who sleeps on it. */
export function neverAborted(): AbortSignal {
  return new AbortController().signal;
}
