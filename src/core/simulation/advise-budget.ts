import type { RetryBudgetOptions } from '../resilience/retry-budget.ts';

/** The load to size the budget for. */
export interface AdviceRequest {
  /** Submissions per second in normal operation. */
  readonly ratePerSecond: number;
  readonly outageMs: number;
}

export interface Advised {
  /** A configuration key, such as `budget.ratio`. */
  readonly key: string;
  readonly value: number;
  readonly because: string;
}

/** The recommended settings, with reasons. */
export interface Advice {
  readonly budget: RetryBudgetOptions & { readonly ratio: number };
  readonly settings: readonly Advised[];
}

/** Recommendation of the article: 10 to 20 % of the normal rate. */
const share = { least: 0.1, most: 0.2 };
/** Share of the normal rate that may be retried while no submission is accepted. */
const floorShare = 0.02;
/** A disturbance of this length must not empty the bucket. */
const hiccupSeconds = 1;
const minBurst = 10;
const minFloorPerSecond = 0.05;

const twoDigits = (value: number): number => Number(value.toPrecision(2));
const shown = (value: number): string => String(twoDigits(value));

/** Sizes the retry budget for a request rate. */
export function adviseBudget({ ratePerSecond, outageMs }: AdviceRequest): Advice {
  const outageSeconds = outageMs / 1_000;
  const budget = {
    ratio: share.least,
    minRetriesPerSecond: Math.max(minFloorPerSecond, twoDigits(floorShare * ratePerSecond)),
    maxRetriesPerSecond: Math.max(1, Math.ceil(share.most * ratePerSecond)),
    burst: Math.max(minBurst, Math.ceil(hiccupSeconds * ratePerSecond)),
  };
  const { minRetriesPerSecond, burst } = budget;
  const inOutage = burst + minRetriesPerSecond * outageSeconds;
  const asUsual = ratePerSecond * outageSeconds;
  const because = {
    ratio: `in normal operation, at most every tenth submission is a retry; of ${shown(ratePerSecond)}/s that is ${shown(share.least * ratePerSecond)}/s`,
    minRetriesPerSecond: `while no submission is accepted, the bucket refills at ${shown(floorShare * 100)} % of the usual rate, so it never stays at zero`,
    maxRetriesPerSecond: `never more than ${share.most * 100} % of the usual rate`,
    burst: `all failures of a ${hiccupSeconds} s disruption can be retried immediately; an outage of ${shown(outageSeconds)} s gets at most ${Math.ceil(inOutage)} retries, compared with ${Math.ceil(asUsual)} first attempts`,
  };
  const settings = (Object.keys(because) as (keyof typeof because)[]).map((key) => ({
    key: `budget.${key}`,
    value: budget[key],
    because: because[key],
  }));
  return { budget, settings };
}
