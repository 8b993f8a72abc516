import { minGapMs, pollsInHand, type PollTiming } from './poll-pacing.ts';
import { solveSpans, type SolveTimes, type WeightedSpan } from './solve-times.ts';

/** The cold start of a method is made for polls so far apart. Who asks for closer ones gets all of them sooner. */
const usualIntervalMs = 5_000;
/** The distance between moments that are considered: a share of the interval, or of the age where that is more. */
const gridStep = { ofInterval: 0.02, ofAge: 0.04 };
/** Nothing is planned beyond so many intervals. */
const maxIntervals = 2_000;
/** More polls in hand than this are not counted. */
const maxInHand = 3;
/** A poll costs as much as this share of an interval of delay: 0.5 s where polls are 5 s apart. */
const usualPrice = 0.1;
/**
 * A plan that polls so much more than a poll each interval is made again with a higher price, and one that delays almost
 * as much with a lower one. The samples are blurred, which makes the polls look more than they will be.
 */
const bounds = { polls: 1.17, delay: 0.8, priceStep: 1.25, maxPlans: 8 };
/** Less weight than this is none. */
const nothing = 1e-9;

/** The moments at which a poll may be planned, and what is solved by each of them. */
interface Grid {
  readonly ages: Float64Array;
  /** The weight of what is solved. */
  readonly solved: Float64Array;
  /** The sum of weight times age of what is solved. */
  readonly agesSolved: Float64Array;
  /** The polls that the pacing rule grants, without those in hand. */
  readonly granted: Int32Array;
  /** The index of the first moment at which everything is solved. */
  readonly end: number;
}

/** From 0 to an interval beyond the horizon. Multiples of the interval are among them, where they are not too close. */
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

/** What is left in hand of a poll at a moment, after another one. */
const leftAfter = ({ granted }: Grid, from: number, { at, inHand }: { at: number; inHand: number }): number =>
  Math.min(maxInHand, inHand + (granted[at] ?? 0) - (granted[from] ?? 0)) - 1;

/** Delay times weight of what is solved after a poll that found nothing, and found by the next one. */
const delayBetween = ({ ages, solved, agesSolved }: Grid, from: number, at: number): number =>
  ((solved[at] ?? 0) - (solved[from] ?? 0)) * (ages[at] ?? 0) - ((agesSolved[at] ?? 0) - (agesSolved[from] ?? 0));

/** The best next poll of a state, and what that costs. */
interface NextPoll {
  readonly at: number;
  readonly cost: number;
}

/**
 * The next poll after one that found nothing `from` a moment, no sooner than the moment `nearest`. `pollCost` is what that
 * poll costs, `costs` holds those of later states.
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
 * The moment of the next poll for each state: a moment at which a poll found nothing, and the polls in hand after it.
 * Dynamic programming from the end of the grid to its begin; the cost of a state is what it adds to the expected delay
 * and, at `priceMs` each, to the expected polls.
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

/** The sums over all that is solved of delay and polls, each times weight. */
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

/** A poll each interval: what is on the grid. */
const loopOn = ({ granted }: Grid): readonly number[] =>
  Array.from(granted.keys()).filter((at) => at > 0 && (granted[at] ?? 0) > (granted[at - 1] ?? 0));

/**
 * Plans the polls of an id: the ages, in ms since its submission, within the pacing rule that make expected delay between
 * ready and polled plus the price of the expected polls the least. Beyond the last one it is polled each interval.
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
    // What is saved on the delay is not to be paid for with too many polls.
    if (isPollingMuch && step < 1) break;
    plan = polls;
    const isLate = costs.delay > bounds.delay * loop.delay;
    if (!isPollingMuch && (!isLate || step > 1)) break;
    step = isPollingMuch ? bounds.priceStep : 1 / bounds.priceStep;
    price *= step;
  }
  return plan.map((at) => grid.ages[at] ?? 0);
}

/** The cold start of a method, sooner where polls are closer than usual. */
function coldStart({ coldStartMs, intervalMs }: PollTiming): readonly number[] {
  const scale = Math.min(1, intervalMs / usualIntervalMs);
  return coldStartMs.map((ms) => ms * scale);
}

interface MethodPlan {
  readonly planMs: readonly number[];
  readonly intervalMs: number;
  /** It holds until so many solve times of this process are known. */
  readonly untilCount: number;
}

/** When to poll the tasks of each method, by the solve times seen so far. */
export class PollPlanner {
  readonly #times: SolveTimes;
  readonly #plans = new Map<string, MethodPlan>();

  constructor(times: SolveTimes) {
    this.#times = times;
  }

  get times(): SolveTimes {
    return this.#times;
  }

  /** The ages at which a task is to be polled, in ms since its submission; beyond the last one each interval. */
  planMs(method: string, timing: PollTiming): readonly number[] {
    const { intervalMs } = timing;
    const count = this.#times.recordedCount(method);
    const known = this.#plans.get(method);
    if (known?.intervalMs === intervalMs && count < known.untilCount) return known.planMs;
    const samples = this.#times.latest(method);
    const cold = coldStart(timing);
    const isCold = samples.length === 0 || intervalMs <= 0;
    const planMs = isCold ? cold : planPolls(solveSpans(samples, cold), intervalMs);
    // Few samples say more with each that comes. To plan for each task would be much of what a task costs.
    const untilCount = count + Math.max(1, Math.floor(samples.length / 4));
    this.#plans.set(method, { planMs, intervalMs, untilCount });
    return planMs;
  }
}
