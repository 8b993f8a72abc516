import { minGapMs, pollsInHand, type PollTiming } from './poll-pacing.ts';
import { type ComputedAt, solveSpans, type SolveTimes, type WeightedSpan } from './solve-times.ts';

/** The interval for which cold starts are defined. A shorter interval scales them down. */
const usualIntervalMs = 5_000;
/** The step of the grid: a share of the interval or of the age, whichever is larger. */
const gridStep = { ofInterval: 0.02, ofAge: 0.04 };
/** The planning horizon, in intervals. */
const maxIntervals = 2_000;
/** The maximum number of unused polls that a state counts. */
const maxInHand = 3;
/** The price of one poll in delay, as a share of the interval: 0.5 s at an interval of 5 s. */
const usualPrice = 0.1;
/**
 * Limits of a plan relative to one poll per interval. A plan with more than `polls` times its polls is made again with a
 * higher price, a plan with more than `delay` times its delay with a lower price. The blur of the samples overestimates the
 * number of polls.
 */
const bounds = { polls: 1.17, delay: 0.8, priceStep: 1.25, maxPlans: 8 };
/** Weights below this count as zero. */
const nothing = 1e-9;

/** The ages at which a poll can be planned, and the weight of the tasks that are solved by each age. */
interface Grid {
  readonly ages: Float64Array;
  /** Weight of the tasks that are solved by this age. */
  readonly solved: Float64Array;
  /** Sum of weight times solve time of these tasks. */
  readonly agesSolved: Float64Array;
  /** The polls that the pacing rule grants by this age, apart from the two initial ones. */
  readonly granted: Int32Array;
  /** Index of the first age at which all tasks are solved. */
  readonly end: number;
}

/** Ages from 0 to one interval beyond the horizon. They include the multiples of the interval that are not too close. */
function agesUntil(horizonMs: number, intervalMs: number): readonly number[] {
  const ages = [0];
  for (let age = 0; age < horizonMs + intervalMs; ages.push(age)) {
    const next = age + Math.max(intervalMs * gridStep.ofInterval, age * gridStep.ofAge);
    const grantedMs = (Math.floor(age / intervalMs + nothing) + 1) * intervalMs;
    age = next - age < intervalMs ? Math.min(next, grantedMs) : next;
  }
  return ages;
}

function gridOf(spans: readonly WeightedSpan[], horizonMs: number, intervalMs: number): Grid {
  const ages = Float64Array.from(agesUntil(horizonMs, intervalMs));
  const [solved, agesSolved] = [new Float64Array(ages.length), new Float64Array(ages.length)];
  for (const { fromMs, toMs, weight } of spans) {
    for (let at = ages.findIndex((age) => age >= toMs || age > fromMs); at < ages.length && at >= 0; at += 1) {
      const untilMs = Math.min(ages[at] ?? 0, toMs);
      const mass = toMs === fromMs ? weight : (weight * (untilMs - fromMs)) / (toMs - fromMs);
      solved[at] = (solved[at] ?? 0) + mass;
      agesSolved[at] = (agesSolved[at] ?? 0) + (mass * (fromMs + untilMs)) / 2;
    }
  }
  const end = ages.findIndex((age) => age >= horizonMs);
  const granted = Int32Array.from(ages, (age) => Math.floor(age / intervalMs + nothing));
  return { ages, solved, agesSolved, granted, end };
}

const stateAt = (at: number, inHand: number): number => at * (maxInHand + 1) + inHand;

/** The unused polls after a poll at `at` that follows a poll at `from`. */
const leftAfter = ({ granted }: Grid, from: number, { at, inHand }: { at: number; inHand: number }): number =>
  Math.min(maxInHand, inHand + (granted[at] ?? 0) - (granted[from] ?? 0)) - 1;

/** Delay times weight of the tasks that are solved between two polls. */
const delayBetween = ({ ages, solved, agesSolved }: Grid, from: number, at: number): number =>
  ((solved[at] ?? 0) - (solved[from] ?? 0)) * (ages[at] ?? 0) - ((agesSolved[at] ?? 0) - (agesSolved[from] ?? 0));

/** The best next poll of a state, and its cost. */
interface NextPoll {
  readonly at: number;
  readonly cost: number;
}

/**
 * The best next poll after an unsuccessful poll at `from`, not before `nearest`. `pollCost` is the cost of that poll, and
 * `costs` contains the costs of later states.
 */
function nextPollFrom(
  grid: Grid,
  { from, inHand, nearest }: { from: number; inHand: number; nearest: number },
  pollCost: number,
  costs: Float64Array,
): NextPoll {
  const last = grid.ages.length - 1;
  let [best, bestAt] = [Infinity, last];
  for (let at = nearest; at <= last; at += 1) {
    const cost = delayBetween(grid, from, at) + pollCost;
    // Later polls delay even more.
    if (cost >= best) break;
    const left = leftAfter(grid, from, { at, inHand });
    const total = left < 0 ? Infinity : cost + (costs[stateAt(at, left)] ?? 0);
    if (total < best) [best, bestAt] = [total, at];
  }
  return { at: bestAt, cost: best };
}

/**
 * The next poll for each state. A state is the age of an unsuccessful poll and the number of unused polls after it. Dynamic
 * programming from the end of the grid to its start. The cost of a state is its expected delay plus `priceMs` per expected
 * poll.
 */
function nextPolls(grid: Grid, gapMs: number, priceMs: number): Int32Array {
  const { ages, solved, end } = grid;
  const last = ages.length - 1;
  const next = new Int32Array(stateAt(ages.length, 0)).fill(last);
  const costs = new Float64Array(next.length);
  for (let from = end - 1, nearest = last; from >= 0; from -= 1) {
    const earliestMs = from === 0 ? 0 : (ages[from] ?? 0) + gapMs;
    while (nearest - 1 > from && (ages[nearest - 1] ?? 0) >= earliestMs) nearest -= 1;
    const pollCost = priceMs * ((solved[end] ?? 0) - (solved[from] ?? 0));
    for (let inHand = 0; inHand <= maxInHand; inHand += 1) {
      const { at, cost } = nextPollFrom(grid, { from, inHand, nearest }, pollCost, costs);
      costs[stateAt(from, inHand)] = cost;
      next[stateAt(from, inHand)] = at;
    }
  }
  return next;
}

/** The polls of an id that is never solved, as indices of the grid. */
function pollsAlong(grid: Grid, next: Int32Array): readonly number[] {
  const polls: number[] = [];
  let [from, inHand] = [0, pollsInHand];
  while (from < grid.end && (grid.solved[grid.end] ?? 0) - (grid.solved[from] ?? 0) > nothing) {
    const at = next[stateAt(from, inHand)] ?? grid.end;
    inHand = leftAfter(grid, from, { at, inHand });
    polls.push(at);
    from = at;
  }
  return polls;
}

/** Weighted sums of delay and polls over all tasks. */
function costsOf(grid: Grid, polls: readonly number[]): { delay: number; polls: number } {
  const sums = { delay: 0, polls: 0 };
  let from = 0;
  for (const at of polls) {
    sums.delay += delayBetween(grid, from, at);
    sums.polls += (grid.solved[grid.end] ?? 0) - (grid.solved[from] ?? 0);
    from = at;
  }
  return sums;
}

/** One poll per interval, as indices of the grid. */
const loopOn = ({ granted }: Grid): readonly number[] =>
  Array.from(granted.keys()).filter((at) => at > 0 && (granted[at] ?? 0) > (granted[at - 1] ?? 0));

/**
 * Plans the polls of an id: the ages in ms, within the pacing rule, that minimise the expected delay between ready and polled
 * plus the price of the expected polls. Beyond the last age the id is polled each interval.
 */
export function planPolls(spans: readonly WeightedSpan[], intervalMs: number): readonly number[] {
  const horizonMs = Math.min(Math.max(...spans.map(({ toMs }) => toMs)), maxIntervals * intervalMs);
  const grid = gridOf(spans, horizonMs, intervalMs);
  const loop = costsOf(grid, loopOn(grid));
  let plan: readonly number[] = [];
  for (let count = 1, price = usualPrice, step = 1; count <= bounds.maxPlans; count += 1) {
    const polls = pollsAlong(grid, nextPolls(grid, minGapMs(intervalMs), price * intervalMs));
    const costs = costsOf(grid, polls);
    const isPollingMuch = costs.polls > bounds.polls * loop.polls;
    // A shorter delay does not justify too many polls.
    if (isPollingMuch && step < 1) break;
    plan = polls;
    const isLate = costs.delay > bounds.delay * loop.delay;
    if (!isPollingMuch && (!isLate || step > 1)) break;
    step = isPollingMuch ? bounds.priceStep : 1 / bounds.priceStep;
    price *= step;
  }
  return plan.map((at) => grid.ages[at] ?? 0);
}

/** The cold start of a method, scaled down for a shorter interval. */
function coldStart({ coldStartMs, intervalMs }: PollTiming): readonly number[] {
  const scale = Math.min(1, intervalMs / usualIntervalMs);
  return coldStartMs.map((ms) => ms * scale);
}

interface MethodPlan {
  readonly planMs: readonly number[];
  readonly intervalMs: number;
  readonly computedAt: ComputedAt;
}

/** Polls are planned again when this share of the samples is new. */
const newShare = 1 / 4;

/** Plans the polls of each method from the solve times seen so far. */
export class PollPlanner {
  readonly #times: SolveTimes;
  readonly #plans = new Map<string, MethodPlan>();

  constructor(times: SolveTimes) {
    this.#times = times;
  }

  get times(): SolveTimes {
    return this.#times;
  }

  /** The ages at which to poll a task, in ms; beyond the last one each interval. */
  planMs(method: string, timing: PollTiming): readonly number[] {
    const { intervalMs } = timing;
    const known = this.#plans.get(method);
    if (known?.intervalMs === intervalMs && this.#times.isCurrent(method, known.computedAt, newShare)) {
      return known.planMs;
    }
    const samples = this.#times.latest(method);
    const cold = coldStart(timing);
    const isCold = samples.length === 0 || intervalMs <= 0;
    const planMs = isCold ? cold : planPolls(solveSpans(samples, cold), intervalMs);
    this.#plans.set(method, { planMs, intervalMs, computedAt: this.#times.now(method) });
    return planMs;
  }
}
