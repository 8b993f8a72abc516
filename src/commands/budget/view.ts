import { formatMs } from '../../cli/format.ts';
import { holdText, limitText } from '../../core/resilience/submission-refusal.ts';
import type { KnownRules, LimitUse } from '../../ports/submissions.ts';
import { factsOfView, rulesOfView, type SharedState, type SharedStateView } from '../../cli/shared-state.ts';
import { renderTable } from '../../cli/table.ts';

/** `from`: the config file that set it. `found`: as in `SubmissionLimit`. Both null if there is none. */
interface ReportedLimit extends Omit<LimitUse, 'from' | 'found'> {
  readonly from: string | null;
  readonly found: string | null;
  readonly left: number;
}

/** The shared retry budget and breaker, as `captcha budget --json` prints them. */
export interface BudgetReport {
  readonly scope: 'host' | 'redis';
  /** The URL of the service, and a hash that stands for the API key. */
  readonly service: string;
  readonly account: string;
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
  /** Who has stopped all submissions; null without a hold, or if the fleet cannot be asked and this host is not held alone. */
  readonly hold: KnownRules['hold'];
  /** The limits of submissions and what is left of them; null if the fleet cannot be asked. */
  readonly limits: readonly ReportedLimit[] | null;
  /** For how much longer the service asked to be left alone, in ms. */
  readonly quietMs: number;
}

const rounded = (ms: number | null): number | null => (ms === null || ms === Infinity ? null : Math.ceil(ms));

/** A share is a product of decimals, which a float misses by a hair. */
const toMillionths = (rate: number): number => Math.round(rate * 1_000_000) / 1_000_000;

/** Who shares the budget. */
export const scopeOf = ({ fleetPlace }: Pick<SharedState, 'fleetPlace'>): BudgetReport['scope'] =>
  fleetPlace === undefined ? 'host' : 'redis';

function fleetOf({ state, nowMs, fleet }: SharedStateView): BudgetReport['fleet'] {
  if (fleet === undefined) return null;
  const leasedHere = state.fleet.leased(nowMs);
  if ('unavailable' in fleet) return { degraded: true, reason: fleet.unavailable, leased: null, leasedHere };
  return { degraded: false, reason: null, leased: fleet.facts.leased, leasedHere };
}

type SharedPlace = Pick<SharedState, 'service' | 'account' | 'place' | 'fleetPlace'>;

function rulesOf(view: SharedStateView): Pick<BudgetReport, 'hold' | 'limits'> {
  const rules = rulesOfView(view);
  if (rules === null) return { hold: null, limits: null };
  const { hold, limits } = rules;
  return {
    hold: hold && { ...hold, heldMs: Math.round(hold.heldMs), leftMs: rounded(hold.leftMs) },
    limits:
      limits?.map(({ from = null, found = null, ...use }) => {
        const left = Math.max(0, use.count - use.used);
        return { ...use, from, found, left, roomInMs: Math.ceil(use.roomInMs) };
      }) ?? null,
  };
}

/** What everything that is shared says at a moment. */
export function budgetReport(view: SharedStateView, shared: SharedPlace): BudgetReport {
  const { state, nowMs } = view;
  const facts = factsOfView(view);
  const { failures, total: outcomes } = state.breaker.counts(nowMs);
  return {
    scope: scopeOf(shared),
    service: shared.service,
    account: shared.account,
    place: shared.fleetPlace ?? shared.place,
    fleet: fleetOf(view),
    budget: {
      ...{ tokens: facts.tokens, burst: facts.burst, ratio: facts.ratio },
      minRetriesPerSecond: toMillionths(facts.minRetriesPerSecond),
      maxRetriesPerSecond: toMillionths(facts.maxRetriesPerSecond),
      nextTokenInMs: rounded(facts.nextTokenInMs),
      ...{ accepted: facts.accepted, granted: facts.granted, refused: facts.refused },
    },
    breaker: {
      state: facts.breaker.state,
      retryInMs: rounded(facts.breaker.retryInMs),
      ...{ failures, outcomes, samplingDurationMs: state.options.breaker.samplingDurationMs },
      refused: facts.breaker.refused,
      awaited: state.breaker.inFlight(nowMs).map(({ holder }) => holder.split('.')[0] ?? ''),
    },
    ...rulesOf(view),
    quietMs: Math.ceil(facts.quietMs),
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
export function budgetLine({ budget, breaker, quietMs, fleet, hold }: BudgetReport): string {
  const quiet = quietMs > 0 ? `, waiting ${formatMs(quietMs)} (Retry-After)` : '';
  const { tokens, burst, granted, refused } = budget;
  const retries = `${tokens.toFixed(1)} of ${burst} tokens, ${granted} retries granted, ${refused} refused`;
  const share = fleet?.degraded === true ? "this host's share: " : '';
  const held = hold === null ? '' : `, submissions ${holdText(hold)}`;
  return `${share}${retries}; breaker ${breakerText(breaker)}${quiet}${held}`;
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

function holdRow({ hold, limits }: BudgetReport): string {
  if (hold === null) return limits === null ? 'unknown' : 'no';
  return `${holdText(hold)}${hold.leftMs === null ? '' : `, ${formatMs(hold.leftMs)} left`}`;
}

function limitRows({ limits }: BudgetReport): string[][] {
  if (limits === null) return [['limits', 'unknown']];
  if (limits.length === 0) return [['limits', 'no']];
  return limits.map((limit) => {
    const room = limit.roomInMs === 0 ? '' : `, room in ${formatMs(limit.roomInMs)}`;
    const text = limitText({ label: limit.label, count: limit.count, windowMs: limit.windowMs });
    const whose = limit.found === null ? '' : ', only for processes that found it';
    const from = limit.from === null ? '' : `; set by ${limit.from}${whose}`;
    return ['limit', `${limit.left} left of ${text}${room}${from}`];
  });
}

/** The report as a table. */
export function renderBudget(report: BudgetReport, columns: number | null): string {
  const { budget, breaker, quietMs, fleet } = report;
  const here = fleet === null ? '' : ' of this host';
  const rows = [
    ['service', report.service],
    ['account', `${report.account} (a hash of the key)`],
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
    ['hold', holdRow(report)],
    ...limitRows(report),
    ...fleetRows(report),
  ];
  const named = rows.map(([name = '', value = '']) => [name.replaceAll(' ', '\u00a0'), value]);
  return renderTable(['retry budget', ''], named, columns, { breaks: [''] });
}
