import type { BudgetFacts } from '../../core/resilience/budget-facts.ts';
import { windowText } from '../../core/resilience/submission-refusal.ts';
import type { LimitUse } from '../../ports/submissions.ts';
import { inSeconds, metric, type MetricName, single } from './metric-table.ts';
import type { Metric, Sample } from './prometheus-text.ts';

const states = ['closed', 'open', 'half-open'] as const;

function rulesMetrics({ scope, rules }: BudgetFacts): readonly Metric[] {
  if (rules === null) return [];
  const { hold, limits } = rules;
  const ofHold = [
    single('captcha_hold_active', Number(hold !== null), { scope }),
    single('captcha_hold_left_seconds', inSeconds(hold?.leftMs ?? null), { scope }),
  ];
  if (limits === null) return ofHold;
  const gauge = (name: MetricName, read: (use: LimitUse) => number): Metric => {
    const samples = limits.map((use): Sample => {
      const { label, found, windowMs } = use;
      const own = { ...(label !== null && { label }), ...(found !== undefined && { found }) };
      return { labels: { scope, window: windowText(windowMs), ...own }, value: read(use) };
    });
    return metric(name, samples);
  };
  return [
    ...ofHold,
    gauge('captcha_limit_submissions', ({ count }) => count),
    gauge('captcha_limit_left_submissions', ({ count, used }) => Math.max(0, count - used)),
    gauge('captcha_limit_room_seconds', ({ roomInMs }) => Math.round(roomInMs) / 1_000),
  ];
}

/** The retry budget, the breaker, the wait, the hold and the limits of a scope. */
export function budgetMetrics(facts: BudgetFacts): readonly Metric[] {
  const { scope, breaker } = facts;
  const labels = { scope };
  const refill = { min: facts.minRetriesPerSecond, max: facts.maxRetriesPerSecond };
  const refused = { budget: facts.refused, breaker: breaker.refused };
  return [
    single('captcha_budget_tokens', facts.tokens, labels),
    single('captcha_budget_burst', facts.burst, labels),
    single('captcha_budget_refill_ratio', facts.ratio, labels),
    metric(
      'captcha_budget_refill_per_second',
      Object.entries(refill).map(([bound, value]) => ({ labels: { scope, bound }, value })),
    ),
    single('captcha_budget_next_token_seconds', inSeconds(facts.nextTokenInMs), labels),
    single('captcha_budget_degraded', Number(facts.degraded), labels),
    single('captcha_budget_accepted_total', facts.accepted, labels),
    single('captcha_budget_granted_total', facts.granted, labels),
    metric(
      'captcha_budget_refused_total',
      Object.entries(refused).map(([reason, value]) => ({ labels: { scope, reason }, value })),
    ),
    metric(
      'captcha_breaker_state',
      states.map((state) => ({ labels: { scope, state }, value: Number(state === breaker.state) })),
    ),
    single('captcha_breaker_changes_total', breaker.changes, labels),
    single('captcha_breaker_retry_seconds', inSeconds(breaker.retryInMs ?? 0), labels),
    single('captcha_retry_after_seconds', inSeconds(facts.quietMs), labels),
    ...rulesMetrics(facts),
  ];
}
