import type { Breaker } from '../../ports/breaker.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Random } from '../../ports/random.ts';
import type { RetryBudget } from '../../ports/retry-budget.ts';
import type { BreakerOptions } from '../health/circuit-breaker.ts';
import { ProcessBreaker } from '../health/process-breaker.ts';
import { ProcessRetryBudget } from '../retry/process-retry-budget.ts';
import type { RetryBudgetOptions } from '../retry/retry-budget.ts';

/** What stands between clients and the service; null where there is none. */
export interface ProtectionPlan {
  readonly budget: RetryBudgetOptions | null;
  readonly breaker: BreakerOptions | null;
}

export interface Protection {
  readonly budget: RetryBudget;
  readonly breaker: Breaker;
}

/** Every retry is paid for, every submission let through. */
export const noProtection: Protection = {
  budget: {
    deposit: () => undefined,
    tryWithdraw: () => ({ granted: true, waitMs: 0, balance: Infinity }),
  },
  breaker: {
    tryEnter: () => ({ admitted: true, pass: { epoch: 0, probe: false } }),
    record: () => undefined,
  },
};

/** The shipping budget and breaker; whoever is handed the same pair shares them. */
export function protectionOf(plan: ProtectionPlan, deps: { clock: Clock; random: Random }): Protection {
  return {
    budget: plan.budget === null ? noProtection.budget : new ProcessRetryBudget(plan.budget, deps),
    breaker: plan.breaker === null ? noProtection.breaker : new ProcessBreaker(plan.breaker, deps),
  };
}
