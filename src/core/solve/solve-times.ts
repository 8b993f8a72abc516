import type { SolveTime, SolveTimeLog } from '../../ports/state.ts';
import type { Clock } from '../../ports/system.ts';

/** So many of a method are kept: enough to tell a fifth from noise, few enough to follow a service that changes. */
export const maxSolveTimes = 64;
/** The latest counts 1, each earlier one this much of the one after it. */
const fading = 0.98;
/** What is believed without any sample counts as much as one. */
const priorWeight = 1;
/** How far a task may be from the only sample, as a share of it; from the nearest of n by that over the root of n. */
const blurOfOne = 0.8;
/** What was recorded is written no more often than this. */
const writeEveryMs = 5_000;

/** Ages between which a task was solved, in ms since its submission, and how much that counts. */
export interface WeightedSpan {
  readonly fromMs: number;
  readonly toMs: number;
  readonly weight: number;
}

const middleOf = ({ notReadyMs, readyMs }: SolveTime): number => (notReadyMs + readyMs) / 2;

/** A task is as likely solved before the first poll of a cold start as between two of them. */
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
 * What is known of the solve times of a method: its samples, the oldest first, and a little of what is believed without
 * any. `coldStartMs` are the polls of a cold start. Empty without samples.
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
 * The chance, 0..1, that a task of this age is solved: F(age). Of several tasks in work, the service is expected to work on
 * the sum of `1 - solvedShare` still. Within a span every moment is as likely as another.
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

/** The age by which a share (0..1) of the samples was solved, in ms, each taken to be solved in the middle of its span. */
export function solveTimeAt(samples: readonly SolveTime[], share: number): number | null {
  const middles = samples.map(middleOf).sort((a, b) => a - b);
  return middles[Math.min(middles.length - 1, Math.floor(share * middles.length))] ?? null;
}

interface MethodTimes {
  samples: readonly SolveTime[];
  /** How many this process has recorded. */
  count: number;
}

/** The latest solve times of one service, by method: those of this process, and those in a log that others write, too. */
export class SolveTimes {
  readonly #log: SolveTimeLog | null;
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #byMethod = new Map<string, MethodTimes>();
  readonly #unwritten: { method: string; time: SolveTime }[] = [];
  #isRead = false;
  #writtenMs: number;

  /** `log`: null keeps everything in this process. It is read when it is first needed. */
  constructor(log: SolveTimeLog | null, { clock }: { clock: Pick<Clock, 'nowMs'> }) {
    this.#log = log;
    this.#clock = clock;
    this.#writtenMs = clock.nowMs();
  }

  /** The latest of a method, the oldest first. Also writes what is due: whoever asks has a task to wait for. */
  latest(method: string): readonly SolveTime[] {
    this.#read();
    if (this.#clock.nowMs() - this.#writtenMs >= writeEveryMs) this.write();
    return this.#byMethod.get(method)?.samples ?? [];
  }

  /** The methods of which there are any. */
  methods(): readonly string[] {
    this.#read();
    return [...this.#byMethod.keys()];
  }

  /** How many solve times of a method this process has recorded. */
  recordedCount(method: string): number {
    return this.#byMethod.get(method)?.count ?? 0;
  }

  record(method: string, time: SolveTime): void {
    this.#read();
    this.#add(method, time).count += 1;
    if (this.#log !== null) this.#unwritten.push({ method, time });
  }

  /** Writes what was recorded. */
  write(): void {
    this.#writtenMs = this.#clock.nowMs();
    const times = this.#unwritten.splice(0);
    if (times.length > 0) this.#log?.append(times);
  }

  #add(method: string, time: SolveTime): MethodTimes {
    const known = this.#byMethod.get(method) ?? { samples: [], count: 0 };
    known.samples = [...known.samples.slice(1 - maxSolveTimes), time];
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
  /** It holds until so many solve times of this process are known. */
  readonly untilCount: number;
}

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
    const count = this.#times.recordedCount(method);
    const known = this.#byMethod.get(method);
    if (known !== undefined && count < known.untilCount) return known;
    const samples = this.#times.latest(method);
    if (samples.length === 0) return null;
    const spans = solveSpans(samples, []);
    const stepMs = Math.max(1, ...spans.map(({ toMs }) => toMs)) / (shareSteps - 1);
    const shares = Float64Array.from({ length: shareSteps }, (_, step) => solvedShare(spans, step * stepMs));
    const sum = spans.reduce((total, { weight }) => total + weight, 0);
    const meanMs = spans.reduce((total, { fromMs, toMs, weight }) => total + (weight * (fromMs + toMs)) / 2, 0) / sum;
    const untilCount = count + Math.max(1, Math.floor(samples.length / 8));
    const made = { shares, stepMs, meanMs: Math.max(1, meanMs), untilCount };
    this.#byMethod.set(method, made);
    return made;
  }
}
