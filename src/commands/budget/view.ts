import { formatMs } from '../../cli/format.ts';
import type { SharedState, SharedStateView } from '../../cli/shared-state.ts';
import { renderTable } from '../../cli/table.ts';

/** The shared retry budget and breaker, as `captcha budget --json` prints them. */
export interface BudgetReport {
  readonly scope: 'host' | 'redis';
  /** The folder of the host's log, or the Redis of the fleet. */
  readonly place: string;
  /** Null where the budget is the host's. */
  readonly fleet: {
    /** Whether this host goes on with its share: then `budget` is that share, else the fleet's. */
    readonly degraded: boolean;
    readonly reason: string | null;
    /** Tokens that hosts hold on lease; null where that cannot be known. */
    readonly leased: number | null;
    readonly leasedHere: number;
  } | null;
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

/** A share is a product of decimals, which a float misses by a hair. */
const toMillionths = (rate: number): number => Math.round(rate * 1_000_000) / 1_000_000;

/** Who shares the budget. */
export const scopeOf = ({ fleetPlace }: Pick<SharedState, 'fleetPlace'>): BudgetReport['scope'] =>
  fleetPlace === undefined ? 'host' : 'redis';

/** The budget of the fleet, or that of this host where there is none, or none to be reached. */
function bucketOf({ state, nowMs, fleet }: SharedStateView): BudgetReport['budget'] {
  const { accepted, granted, budgetRefused } = state.counts;
  const own = {
    options: state.options.budget,
    balance: state.budget.balance(nowMs),
    nextTokenInMs: state.budget.waitForTokenMs(nowMs),
    ...{ accepted, granted, refused: budgetRefused },
  };
  const facts = fleet !== undefined && 'facts' in fleet ? fleet.facts : own;
  return {
    tokens: Math.round(facts.balance * 1_000) / 1_000,
    burst: facts.options.burst,
    ratio: facts.options.ratio,
    minRetriesPerSecond: toMillionths(facts.options.minRetriesPerSecond),
    maxRetriesPerSecond: toMillionths(facts.options.maxRetriesPerSecond),
    nextTokenInMs: rounded(facts.nextTokenInMs),
    ...{ accepted: facts.accepted, granted: facts.granted, refused: facts.refused },
  };
}

function fleetOf({ state, nowMs, fleet }: SharedStateView): BudgetReport['fleet'] {
  if (fleet === undefined) return null;
  const leasedHere = state.fleet.leased(nowMs);
  if ('unavailable' in fleet) return { degraded: true, reason: fleet.unavailable, leased: null, leasedHere };
  return { degraded: false, reason: null, leased: fleet.facts.leased, leasedHere };
}

/** What everything that is shared says at a moment. */
export function budgetReport(view: SharedStateView, shared: Pick<SharedState, 'place' | 'fleetPlace'>): BudgetReport {
  const { state, nowMs, fleet } = view;
  const admission = state.breaker.peek(nowMs);
  const isRefused = admission?.admitted === false && admission.soon !== true;
  const { failures, total: outcomes } = state.breaker.counts(nowMs);
  const fleetQuietMs = fleet !== undefined && 'facts' in fleet ? fleet.facts.quietMs : 0;
  return {
    scope: scopeOf(shared),
    place: shared.fleetPlace ?? shared.place,
    fleet: fleetOf(view),
    budget: bucketOf(view),
    breaker: {
      state: state.breaker.state,
      retryInMs: isRefused ? rounded(admission.retryInMs) : null,
      ...{ failures, outcomes, samplingDurationMs: state.options.breaker.samplingDurationMs },
      refused: state.counts.breakerRefused,
      awaited: state.breaker.inFlight(nowMs).map(({ holder }) => holder.split('.')[0] ?? ''),
    },
    quietMs: Math.ceil(Math.max(fleetQuietMs, state.quietUntilMs - nowMs, 0)),
  };
}

function nextToken({ nextTokenInMs }: BudgetReport['budget']): string {
  if (nextTokenInMs === null) return 'after the next accepted submission';
  return nextTokenInMs === 0 ? 'now' : `in ${formatMs(nextTokenInMs)}`;
}

function refill({ ratio, minRetriesPerSecond, maxRetriesPerSecond }: BudgetReport['budget']): string {
  if (ratio === null) return `${maxRetriesPerSecond}/s`;
  return `${ratio} per accepted submission and ${minRetriesPerSecond}/s, at most ${maxRetriesPerSecond}/s`;
}

function breakerText({ state, retryInMs, awaited }: BudgetReport['breaker']): string {
  if (retryInMs === null) return state;
  const who = awaited.length === 0 ? '' : ` by process ${awaited.join(', ')}`;
  return state === 'open' ? `open, next probe in ${formatMs(retryInMs)}` : `half-open, probe running${who}`;
}

/** The report in one line. */
export function budgetLine({ budget, breaker, quietMs, fleet }: BudgetReport): string {
  const quiet = quietMs > 0 ? `, waiting ${formatMs(quietMs)} (Retry-After)` : '';
  const { tokens, burst, granted, refused } = budget;
  const retries = `${tokens.toFixed(1)} of ${burst} tokens, ${granted} retries granted, ${refused} refused`;
  const share = fleet?.degraded === true ? "this host's share: " : '';
  return `${share}${retries}; breaker ${breakerText(breaker)}${quiet}`;
}

function fleetRows({ fleet, place }: BudgetReport): string[][] {
  if (fleet === null) return [['shared by', `processes of this host (${place})`]];
  const { degraded, reason, leased, leasedHere } = fleet;
  return [
    ['on lease', `${leased ?? 'unknown'}, ${leasedHere} of them here`],
    ['shared by', degraded ? "processes of this host (the host's share of the fleet budget)" : `all hosts at ${place}`],
    ...(reason === null ? [] : [['degraded', reason]]),
  ];
}

/** The report as a table. */
export function renderBudget(report: BudgetReport, columns: number | null): string {
  const { budget, breaker, quietMs, fleet } = report;
  const here = fleet === null ? '' : ' of this host';
  const rows = [
    ['tokens', `${budget.tokens.toFixed(1)} of ${budget.burst}`],
    ['next token', nextToken(budget)],
    ['refill', refill(budget)],
    ['submissions accepted', String(budget.accepted)],
    ['retries granted', String(budget.granted)],
    ['retries refused', String(budget.refused)],
    [`breaker${here}`, breakerText(breaker)],
    ['failures', `${breaker.failures} of ${breaker.outcomes} in ${formatMs(breaker.samplingDurationMs)}`],
    ['submissions refused', String(breaker.refused)],
    ['Retry-After', quietMs === 0 ? 'no' : `${formatMs(quietMs)} left`],
    ...fleetRows(report),
  ];
  return renderTable(['retry budget', ''], rows, columns);
}
