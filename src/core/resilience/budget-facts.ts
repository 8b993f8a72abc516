import type { FleetFacts } from '../../ports/state.ts';
import type { KnownRules } from '../../ports/submissions.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { ResilienceCounts, ResilienceOptions } from './resilience-state.ts';
import type { RetryBudgetState } from './retry-budget.ts';

/** What processes share, or one process keeps for itself, as far as it is read. */
export interface ReadableState {
  readonly options: ResilienceOptions;
  readonly counts: ResilienceCounts;
  readonly budget: Pick<RetryBudgetState, 'balance' | 'waitForTokenMs'>;
  readonly breaker: Pick<CircuitBreaker, 'state' | 'changes' | 'peek'>;
  /** On the clock of the state; it may be in the past. */
  readonly quietUntilMs: number;
}

/** The retry budget, the breaker, the wait, the hold and the limits of a scope at one moment. Durations in ms. */
export interface BudgetFacts {
  readonly scope: 'process' | 'host' | 'redis';
  /** True if the budget of the fleet is unreachable: then the tokens are the share of this host. */
  readonly degraded: boolean;
  readonly tokens: number;
  readonly burst: number;
  readonly ratio: number | null;
  readonly minRetriesPerSecond: number;
  readonly maxRetriesPerSecond: number;
  /** Until a token is free by time alone; null for never. */
  readonly nextTokenInMs: number | null;
  readonly accepted: number;
  readonly granted: number;
  readonly refused: number;
  readonly breaker: {
    readonly state: CircuitBreaker['state'];
    readonly changes: number;
    /** Until the next submission is allowed; null while all are. */
    readonly retryInMs: number | null;
    readonly refused: number;
  };
  /** What is left of the wait that the service asked for. */
  readonly quietMs: number;
  /** The hold and the limits; null if they are not known. */
  readonly rules: KnownRules | null;
}

/** `fleet`: the budget of the fleet; null if it is unreachable. Left out where there is none. */
export interface FactsRequest {
  readonly nowMs: number;
  readonly scope: BudgetFacts['scope'];
  readonly fleet?: FleetFacts | null;
  readonly rules: BudgetFacts['rules'];
}

/** Reads what a metric or a report says of a state. */
export function budgetFactsOf(state: ReadableState, { nowMs, scope, fleet, rules }: FactsRequest): BudgetFacts {
  const { accepted, granted, budgetRefused, breakerRefused } = state.counts;
  const own = {
    options: state.options.budget,
    balance: state.budget.balance(nowMs),
    nextTokenInMs: state.budget.waitForTokenMs(nowMs),
    ...{ accepted, granted, refused: budgetRefused, quietMs: 0 },
  };
  const facts = fleet ?? own;
  const { burst, ratio, minRetriesPerSecond, maxRetriesPerSecond } = facts.options;
  const admission = state.breaker.peek(nowMs);
  return {
    scope,
    degraded: fleet === null,
    tokens: Math.round(facts.balance * 1_000) / 1_000,
    ...{ burst, ratio, minRetriesPerSecond, maxRetriesPerSecond },
    nextTokenInMs: facts.nextTokenInMs === Infinity ? null : facts.nextTokenInMs,
    ...{ accepted: facts.accepted, granted: facts.granted, refused: facts.refused },
    breaker: {
      state: state.breaker.state,
      changes: state.breaker.changes,
      retryInMs: admission?.admitted === false && admission.soon !== true ? admission.retryInMs : null,
      refused: breakerRefused,
    },
    quietMs: Math.max(facts.quietMs, state.quietUntilMs - nowMs, 0),
    rules,
  };
}
