import type { ConcurrencyOptions } from '../../src/core/batch/concurrency-limit.ts';
import type { Bounds } from '../../src/core/batch/stop-rules.ts';
import type { BreakerOptions } from '../../src/core/resilience/circuit-breaker.ts';
import type { RetryBudgetOptions } from '../../src/core/resilience/retry-budget.ts';
import type { SolverOptions } from '../../src/core/solve/solver.ts';
import { Dice } from '../support/dice.ts';
import type { DiskHabits } from '../support/memory-disk.ts';
import { type Trouble, troubles } from './trouble.ts';

/** A time in which every call meets the same trouble. */
export interface Spell {
  readonly fromMs: number;
  readonly toMs: number;
  readonly trouble: Trouble;
}

export interface ServiceHabits {
  readonly latencyMs: number;
  /** The share of ways that take up to 45 s, 0..1. */
  readonly slowRatio: number;
  readonly solveMs: number;
  /** Null for any number. */
  readonly threads: number | null;
  /** Shares 0..1, until `calmFromMs`. */
  readonly troubleRatio: number;
  readonly unsolvableRatio: number;
  readonly spells: readonly Spell[];
  /** From then on nothing goes wrong any more. */
  readonly calmFromMs: number;
}

/** One run of a batch. */
export interface Life {
  /** Killed after so many steps; null lives. */
  readonly steps: number | null;
  /** Since its beginning. */
  readonly interruptAtMs: number | null;
  readonly downMs: number;
  readonly retryFailed: boolean;
  readonly leaveInDoubt: boolean;
  readonly resolveExpired: boolean;
  readonly bounds: Bounds;
}

export interface BatchSchedule {
  readonly tasks: number;
  readonly concurrency: ConcurrencyOptions;
  readonly orderWindow: number | null;
  readonly threadWaitMs: number;
  readonly solver: SolverOptions;
  readonly disk: DiskHabits;
  readonly lives: readonly Life[];
}

/** One `captcha solve`. */
export interface SolveSchedule {
  readonly startsAtMs: number;
  readonly steps: number | null;
  readonly stopAtMs: number | null;
  readonly solver: SolverOptions;
}

export interface ProtectionSchedule {
  /** `object`: all processes use one budget and one breaker; `log`: each has its own view of one log. */
  readonly sharing: 'object' | 'log';
  /** The longest that an answer takes, in ms. */
  readonly answerMs: number;
  readonly budget: RetryBudgetOptions;
  readonly breaker: BreakerOptions;
}

/** All that is decided before a simulation begins. */
export interface Schedule {
  readonly seed: number;
  readonly protection: ProtectionSchedule;
  readonly service: ServiceHabits;
  readonly callTimeoutMs: number;
  /** The latest that a timer fires behind its time. */
  readonly lagMs: number;
  /** How the wall clock is set. */
  readonly jumps: readonly { readonly atMs: number; readonly byMs: number }[];
  readonly polling: { readonly firstWaitMs: number; readonly intervalMs: number; readonly lifetimeMs: number };
  readonly batches: readonly BatchSchedule[];
  readonly solves: readonly SolveSchedule[];
}

const noBounds: Bounds = { maxFailures: null, maxSubmissions: null, maxDurationMs: null, limit: null };

/** The last runs of every batch, when the service is well again: they do all that is left. */
export const lastLife: Life = {
  ...{ steps: null, interruptAtMs: null, downMs: 1_000, retryFailed: true, leaveInDoubt: false, resolveExpired: false },
  bounds: noBounds,
};

function createWorkerSolver(dice: Dice, onExhausted: SolverOptions['onExhausted']): SolverOptions {
  return {
    timeoutMs: dice.oneOf([2_000, 20_000, 60_000, 120_000, 300_000]),
    limits: { maxAttempts: dice.whole(1, 6), maxUnsolvable: dice.whole(1, 3) },
    backoff: {
      strategy: dice.oneOf(['none', 'fixed', 'linear', 'exponential', 'full-jitter', 'decorrelated-jitter']),
      baseDelayMs: dice.oneOf([0, 200, 1_000]),
      maxDelayMs: dice.oneOf([0, 5_000, 30_000]),
    },
    onExhausted,
  };
}

function boundsOf(dice: Dice): Bounds {
  const few = (): number => dice.whole(1, 12);
  return {
    maxFailures: dice.maybe(0.15, few),
    maxSubmissions: dice.maybe(0.15, few),
    maxDurationMs: dice.maybe(0.15, () => dice.between(1_000, 120_000)),
    limit: dice.maybe(0.15, few),
  };
}

const lifeOf = (dice: Dice): Life => ({
  steps: dice.maybe(0.75, () => Math.floor(dice.oneOf([40, 150, 600]) * dice.next())),
  interruptAtMs: dice.maybe(0.25, () => dice.between(0, 90_000)),
  downMs: dice.oneOf([0, 10, 2_000, 60_000]),
  retryFailed: dice.chance(0.5),
  leaveInDoubt: dice.chance(0.2),
  resolveExpired: dice.chance(0.3),
  bounds: boundsOf(dice),
});

function batchOf(dice: Dice): BatchSchedule {
  const start = dice.oneOf([1, 2, 4, 8]);
  return {
    tasks: dice.oneOf([1, 3, 6, 12, 20]),
    concurrency: { start, max: start + dice.whole(0, 4) },
    orderWindow: dice.maybe(0.3, () => dice.whole(1, 6)),
    threadWaitMs: dice.oneOf([100, 5_000]),
    solver: createWorkerSolver(dice, dice.oneOf(['pause', 'pause', 'pause', 'fail'])),
    disk: { syncMs: dice.oneOf([0, 5, 40, 400]), fullRatio: dice.chance(0.15) ? 0.01 : 0 },
    lives: dice.some(dice.whole(0, 4), () => lifeOf(dice)),
  };
}

const solveOf = (dice: Dice): SolveSchedule => ({
  startsAtMs: dice.between(0, 120_000),
  steps: dice.maybe(0.3, () => dice.whole(0, 40)),
  stopAtMs: dice.maybe(0.2, () => dice.between(0, 60_000)),
  solver: createWorkerSolver(dice, dice.oneOf(['fail', 'fail', 'wait'])),
});

function createSimulatedResilience(dice: Dice): ProtectionSchedule {
  return {
    sharing: dice.oneOf(['object', 'log']),
    answerMs: dice.oneOf([0, 0, 5, 200]),
    budget: {
      ratio: dice.oneOf([null, 0, 0.1, 0.5, 1]),
      minRetriesPerSecond: dice.oneOf([0, 0.02, 0.2, 2]),
      maxRetriesPerSecond: dice.oneOf([0.05, 0.2, 1, 10]),
      burst: dice.oneOf([1, 1, 2, 4, 10]),
    },
    breaker: {
      failureRatio: dice.oneOf([null, null, 0.3, 0.5, 1]),
      minimumThroughput: dice.whole(1, 10),
      consecutiveFailures: dice.oneOf([null, 1, 2, 3, 5]),
      samplingDurationMs: dice.oneOf([5_000, 30_000]),
      breakDurationMs: dice.oneOf([500, 5_000, 20_000]),
      maxBreakDurationMs: dice.oneOf([5_000, 60_000]),
      probeLeaseMs: dice.oneOf([2_000, 60_000]),
      ...(dice.chance(0.5) && { unprovenLimit: dice.whole(1, 5) }),
    },
  };
}

function serviceOf(dice: Dice): ServiceHabits {
  const calmFromMs = dice.oneOf([60_000, 240_000, 900_000]);
  const spellOf = (): Spell => {
    const fromMs = dice.between(0, calmFromMs * 0.8);
    const toMs = Math.min(calmFromMs, fromMs + dice.between(0, dice.oneOf([5_000, 60_000, 600_000])));
    return { fromMs, toMs, trouble: dice.oneOf(troubles) };
  };
  return {
    latencyMs: dice.oneOf([0, 50, 300, 1_500]),
    slowRatio: dice.oneOf([0, 0.01, 0.1, 0.4]),
    solveMs: dice.oneOf([1_000, 20_000, 90_000]),
    threads: dice.maybe(0.3, () => dice.whole(1, 4)),
    troubleRatio: dice.oneOf([0, 0.1, 0.3, 0.7]),
    unsolvableRatio: dice.oneOf([0, 0.1, 0.5]),
    spells: dice.some(dice.whole(0, 3), spellOf),
    calmFromMs,
  };
}

/** The schedule of a seed: the same for ever. */
export function scheduleOf(seed: number): Schedule {
  const dice = new Dice(seed);
  return {
    seed,
    protection: createSimulatedResilience(dice),
    service: serviceOf(dice),
    callTimeoutMs: dice.oneOf([1_000, 10_000, 30_000]),
    lagMs: dice.oneOf([0, 0, 20, 1_500]),
    jumps: dice.some(dice.whole(0, 3), () => ({
      atMs: dice.between(0, 300_000),
      byMs: dice.oneOf([-1, 1]) * dice.between(0, dice.oneOf([1_000, 3_600_000, 86_400_000])),
    })),
    polling: {
      firstWaitMs: dice.oneOf([0, 1_000, 15_000]),
      intervalMs: dice.oneOf([1_000, 5_000]),
      lifetimeMs: dice.oneOf([10_000, 120_000]),
    },
    batches: dice.some(dice.oneOf([1, 1, 1, 2]), () => batchOf(dice)),
    solves: dice.some(dice.oneOf([0, 1, 3, 8]), () => solveOf(dice)),
  };
}
