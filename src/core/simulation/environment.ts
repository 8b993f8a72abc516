import type { Task } from '../../domain/task.ts';
import type { SolverApi } from '../../ports/api.ts';
import type {
  ModelledService,
  ThrashingModel,
  ServiceModel,
  ServiceWatch,
  VirtualTime,
} from '../../ports/simulation.ts';
import type { Breaker, RetryBudget } from '../../ports/state.ts';
import type { Clock, Random } from '../../ports/system.ts';
import { type BreakerOptions, ProcessBreaker } from '../resilience/circuit-breaker.ts';
import { ProcessRetryBudget, type RetryBudgetOptions } from '../resilience/retry-budget.ts';

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
  readonly service: (model: ServiceModel, deps: ServiceDeps) => ModelledService;
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
    tryAcquire: () => ({ admitted: true, permit: { epoch: 0, probe: false } }),
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

const nothing = { sitekey: null, pageurl: null, body: null, region: null, rule: null };

/** A task for simulations. */
export function simulatedTask(name: string | number): Task {
  return { taskId: String(name), method: 'turnstile', params: {}, ...nothing };
}

/** A signal that never aborts. Use one per clock: its listeners are the sleepers on that clock. */
export function neverAborted(): AbortSignal {
  return new AbortController().signal;
}
