import type { ProtectionState } from '../../core/health/protection-state.ts';
import { formatMs } from './format.ts';
import { renderTable } from './table.ts';

/** The shared retry budget and breaker, as `captcha budget --json` prints them. */
export interface BudgetReport {
  readonly scope: 'host';
  readonly place: string;
  readonly budget: {
    /** Below 0 while reservations are outstanding. */
    readonly tokens: number;
    readonly burst: number;
    readonly ratio: number | null;
    readonly minRetriesPerSecond: number;
    readonly maxRetriesPerSecond: number;
    /** Until a token is free by time alone, in ms: 0 now, null never. */
    readonly nextTokenInMs: number | null;
    readonly accepted: number;
    readonly granted: number;
    readonly refused: number;
  };
  readonly breaker: {
    readonly state: 'closed' | 'open' | 'half-open';
    /** Until the next probe, in ms; null unless it is open. */
    readonly retryInMs: number | null;
    readonly failures: number;
    readonly outcomes: number;
    readonly samplingDurationMs: number;
    readonly refused: number;
    /** The processes whose answers are awaited before more is let through. */
    readonly awaited: readonly string[];
  };
  /** For how much longer the service asked to be left alone, in ms. */
  readonly quietMs: number;
}

const rounded = (ms: number | null): number | null => (ms === null || ms === Infinity ? null : Math.ceil(ms));

/** What a state says at a moment of its clock. */
export function budgetReport(state: ProtectionState, nowMs: number, place: string): BudgetReport {
  const { budget, breaker } = state.options;
  const { accepted, granted, budgetRefused, breakerRefused } = state.counts;
  const admission = state.breaker.foresee(nowMs);
  const isRefused = admission?.admitted === false && admission.soon !== true;
  const { failures, total: outcomes } = state.breaker.counts(nowMs);
  return {
    scope: 'host',
    place,
    budget: {
      tokens: Math.round(state.budget.balance(nowMs) * 1_000) / 1_000,
      burst: budget.burst,
      ratio: budget.ratio,
      minRetriesPerSecond: budget.minRetriesPerSecond,
      maxRetriesPerSecond: budget.maxRetriesPerSecond,
      nextTokenInMs: rounded(state.budget.waitForTokenMs(nowMs)),
      ...{ accepted, granted, refused: budgetRefused },
    },
    breaker: {
      state: state.breaker.state,
      retryInMs: isRefused ? rounded(admission.retryInMs) : null,
      ...{ failures, outcomes, samplingDurationMs: breaker.samplingDurationMs, refused: breakerRefused },
      awaited: state.breaker.awaited(nowMs).map(({ holder }) => holder.split('.')[0] ?? ''),
    },
    quietMs: Math.ceil(Math.max(0, state.quietUntilMs - nowMs)),
  };
}

function nextToken({ nextTokenInMs }: BudgetReport['budget']): string {
  if (nextTokenInMs === null) return 'only when a submission is accepted';
  return nextTokenInMs === 0 ? 'now' : `in ${formatMs(nextTokenInMs)}`;
}

function refill({ ratio, minRetriesPerSecond, maxRetriesPerSecond }: BudgetReport['budget']): string {
  if (ratio === null) return `${maxRetriesPerSecond}/s`;
  return `${ratio} per accepted submission and ${minRetriesPerSecond}/s, at most ${maxRetriesPerSecond}/s`;
}

function breakerText({ state, retryInMs, awaited }: BudgetReport['breaker']): string {
  if (retryInMs === null) return state;
  const who = awaited.length === 0 ? '' : ` by process ${awaited.join(', ')}`;
  return state === 'open' ? `open, next probe in ${formatMs(retryInMs)}` : `half-open, probed${who}`;
}

/** The report in one line. */
export function budgetLine({ budget, breaker, quietMs }: BudgetReport): string {
  const quiet = quietMs > 0 ? `, quiet for ${formatMs(quietMs)}` : '';
  const { tokens, burst, granted, refused } = budget;
  const retries = `${tokens.toFixed(1)} of ${burst} tokens, ${granted} retries granted, ${refused} refused`;
  return `${retries}; breaker ${breakerText(breaker)}${quiet}`;
}

/** The report for a person. */
export function renderBudget({ place, budget, breaker, quietMs }: BudgetReport, columns: number | null): string {
  const window = formatMs(breaker.samplingDurationMs);
  const rows = [
    ['tokens', `${budget.tokens.toFixed(1)} of ${budget.burst}`],
    ['next token', nextToken(budget)],
    ['refill', refill(budget)],
    ['submissions accepted', String(budget.accepted)],
    ['retries granted', String(budget.granted)],
    ['retries refused', String(budget.refused)],
    ['breaker', breakerText(breaker)],
    ['failures', `${breaker.failures} of ${breaker.outcomes} in ${window}`],
    ['submissions refused', String(breaker.refused)],
    ['asked to wait', quietMs === 0 ? 'no' : `for ${formatMs(quietMs)}`],
    ['shared by', `processes of this host (${place})`],
  ];
  return renderTable(['retry budget', ''], rows, columns);
}
