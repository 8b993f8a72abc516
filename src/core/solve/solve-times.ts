import type { SolveTime, SolveTimeLog } from '../../ports/state.ts';
import type { Clock } from '../../ports/system.ts';

/** Samples kept per method: enough to detect a change of a fifth, few enough to follow a service that changes. */
export const maxSolveTimes = 64;
/** Weight of a sample relative to the next one; the latest sample has weight 1. */
const fading = 0.98;
/** Weight of the prior, in samples. */
const priorWeight = 1;
/** Blur of a single sample, as a share of its value; with n samples it is divided by the root of n. */
const blurOfOne = 0.8;
/** Minimum time between two writes. */
const writeEveryMs = 5_000;
/** A result of many samples holds at least this long, in ms: a fast service would have it computed all the time. */
const minHoldMs = 1_000;

/** A weighted sample: a task was solved between two ages, in ms since its submission. */
export interface WeightedSpan {
  readonly fromMs: number;
  readonly toMs: number;
  readonly weight: number;
}

const middleOf = ({ notReadyMs, readyMs }: SolveTime): number => (notReadyMs + readyMs) / 2;

/** The prior: a task is equally likely to be solved between any two neighbouring polls of a cold start. */
function priorSpans(coldStartMs: readonly number[], latestMs: number): readonly WeightedSpan[] {
  const spans = coldStartMs.map((toMs, index) => ({ fromMs: coldStartMs[index - 1] ?? 0, toMs }));
  const fitting = spans.filter(({ fromMs }) => fromMs < latestMs);
  return fitting.map(({ fromMs, toMs }) => ({
    fromMs,
    toMs: Math.min(toMs, latestMs),
    weight: priorWeight / fitting.length,
  }));
}

/**
 * The distribution of the solve times of a method: its samples, oldest first, and a small prior. `coldStartMs` are the polls
 * of a cold start. Empty without samples.
 */
export function solveSpans(samples: readonly SolveTime[], coldStartMs: readonly number[]): readonly WeightedSpan[] {
  if (samples.length === 0) return [];
  const blur = blurOfOne / Math.sqrt(samples.length);
  const seen = samples.map(({ notReadyMs, readyMs }, index) => ({
    fromMs: Math.min(notReadyMs, (1 - blur) * middleOf({ notReadyMs, readyMs })),
    toMs: Math.max(readyMs, (1 + blur) * middleOf({ notReadyMs, readyMs })),
    weight: fading ** (samples.length - 1 - index),
  }));
  return [...seen, ...priorSpans(coldStartMs, Math.max(...seen.map(({ toMs }) => toMs)))];
}

/**
 * The probability, 0..1, that a task of this age is solved: F(age). The expected number of busy threads is the sum of
 * `1 - solvedShare` over the tasks in work. Within a span the distribution is uniform.
 */
export function solvedShare(spans: readonly WeightedSpan[], ageMs: number): number {
  let [solved, all] = [0, 0];
  for (const { fromMs, toMs, weight } of spans) {
    all += weight;
    if (ageMs >= toMs) solved += weight;
    else if (ageMs > fromMs) solved += (weight * (ageMs - fromMs)) / (toMs - fromMs);
  }
  return all === 0 ? 0 : solved / all;
}

/** The quantile (0..1) of the samples, in ms. Each sample counts as solved in the middle of its span. */
export function solveTimeAt(samples: readonly SolveTime[], share: number): number | null {
  const middles = samples.map(middleOf).sort((a, b) => a - b);
  return middles[Math.min(middles.length - 1, Math.floor(share * middles.length))] ?? null;
}

interface MethodTimes {
  /** Oldest first. */
  readonly samples: SolveTime[];
  /** Number of samples that this process recorded. */
  count: number;
  /** How many of the latest samples are not written yet. */
  unwritten: number;
}

/** When a result was computed from the samples of a method. */
export interface ComputedAt {
  /** Number of samples that this process had recorded. */
  readonly count: number;
  /** On the monotonic clock. */
  readonly ms: number;
}

/** The latest solve times of one service by method, from this process and from a log that other processes also write. */
export class SolveTimes {
  readonly #log: SolveTimeLog | null;
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #byMethod = new Map<string, MethodTimes>();
  #isRead = false;
  #writtenMs: number;

  /** `log`: null keeps the samples in this process. The log is read on first use. */
  constructor(log: SolveTimeLog | null, { clock }: { clock: Pick<Clock, 'nowMs'> }) {
    this.#log = log;
    this.#clock = clock;
    this.#writtenMs = clock.nowMs();
  }

  /** The latest samples of a method, oldest first, until the next one is recorded. Also writes pending samples: callers ask when they are about to wait. */
  latest(method: string): readonly SolveTime[] {
    this.#read();
    if (this.#clock.nowMs() - this.#writtenMs >= writeEveryMs) this.write();
    return this.#byMethod.get(method)?.samples ?? [];
  }

  /** The methods with samples. */
  methods(): readonly string[] {
    this.#read();
    return [...this.#byMethod.keys()];
  }

  /** For a result that is computed from the samples now. */
  now(method: string): ComputedAt {
    return { count: this.#byMethod.get(method)?.count ?? 0, ms: this.#clock.nowMs() };
  }

  /** True if too few samples are new, as a share of all, to compute a result again. */
  isCurrent(method: string, { count, ms }: ComputedAt, share: number): boolean {
    const known = this.#byMethod.get(method);
    if (known === undefined || known.count === count) return true;
    // With few samples every new one matters.
    const isHeld = known.samples.length >= maxSolveTimes && this.#clock.nowMs() - ms < minHoldMs;
    return isHeld || known.count - count < Math.floor(share * known.samples.length);
  }

  record(method: string, time: SolveTime): void {
    this.#read();
    const times = this.#add(method, time);
    times.count += 1;
    times.unwritten = Math.min(times.unwritten + 1, maxSolveTimes);
  }

  /** Writes pending samples. */
  write(): void {
    this.#writtenMs = this.#clock.nowMs();
    const unwritten = [...this.#byMethod].flatMap(([method, known]) => {
      const times = known.unwritten === 0 ? [] : known.samples.slice(-known.unwritten);
      known.unwritten = 0;
      return times.map((time) => ({ method, time }));
    });
    if (unwritten.length > 0) this.#log?.append(unwritten);
  }

  #add(method: string, time: SolveTime): MethodTimes {
    const known = this.#byMethod.get(method) ?? { samples: [], count: 0, unwritten: 0 };
    known.samples.push(time);
    if (known.samples.length > maxSolveTimes) known.samples.shift();
    this.#byMethod.set(method, known);
    return known;
  }

  #read(): void {
    if (this.#isRead) return;
    this.#isRead = true;
    for (const { method, time } of this.#log?.read() ?? []) this.#add(method, time);
  }
}

/** Moments at which the solved share of a method is kept. */
const shareSteps = 256;

interface MethodShares {
  /** The solved share at each step, from age 0 on. */
  readonly shares: Float64Array;
  readonly stepMs: number;
  readonly meanMs: number;
  readonly computedAt: ComputedAt;
}

/** Shares are computed again when this share of the samples is new. */
const newShare = 1 / 8;

/** How long the service works on tasks of each method, by the solve times seen so far. */
export class SolvedShares {
  readonly #times: SolveTimes;
  readonly #byMethod = new Map<string, MethodShares>();

  constructor(times: SolveTimes) {
    this.#times = times;
  }

  /** The chance, 0..1, that a task of this age is solved; 0 while no solve time is known. */
  solvedShare(method: string, ageMs: number): number {
    const known = this.#sharesOf(method);
    if (known === null) return 0;
    const at = Math.max(0, ageMs / known.stepMs);
    const step = Math.floor(at);
    const from = known.shares[step] ?? 1;
    return from + (at - step) * ((known.shares[step + 1] ?? 1) - from);
  }

  /** In ms; null while no solve time is known. */
  meanMs(method: string): number | null {
    return this.#sharesOf(method)?.meanMs ?? null;
  }

  #sharesOf(method: string): MethodShares | null {
    const known = this.#byMethod.get(method);
    if (known !== undefined && this.#times.isCurrent(method, known.computedAt, newShare)) return known;
    const samples = this.#times.latest(method);
    if (samples.length === 0) return null;
    const spans = solveSpans(samples, []);
    const stepMs = Math.max(1, ...spans.map(({ toMs }) => toMs)) / (shareSteps - 1);
    const shares = Float64Array.from({ length: shareSteps }, (_, step) => solvedShare(spans, step * stepMs));
    const sum = spans.reduce((total, { weight }) => total + weight, 0);
    const meanMs = spans.reduce((total, { fromMs, toMs, weight }) => total + (weight * (fromMs + toMs)) / 2, 0) / sum;
    const made = { shares, stepMs, meanMs: Math.max(1, meanMs), computedAt: this.#times.now(method) };
    this.#byMethod.set(method, made);
    return made;
  }
}
