import type { ConcurrencyOptions } from '../../src/core/batch/concurrency-limit.ts';
import type { Bounds } from '../../src/core/batch/stop-rules.ts';
import type { BreakerOptions } from '../../src/core/resilience/circuit-breaker.ts';
import type { RetryBudgetOptions } from '../../src/core/resilience/retry-budget.ts';
import type { PollTiming } from '../../src/core/solve/poll-pacing.ts';
import type { SolverOptions } from '../../src/core/solve/solver.ts';
import { SeededGenerator } from '../support/seeded-generator.ts';
import type { DiskHabits } from '../support/memory-disk.ts';
import { type ServiceFault, serviceFaults } from './service-faults.ts';

/** A period in which every call has the same fault. */
export interface Spell {
  readonly fromMs: number;
  readonly toMs: number;
  readonly serviceFault: ServiceFault;
}

export interface ServiceHabits {
  readonly latencyMs: number;
  /** The share of ways that take up to 45 s, 0..1. */
  readonly slowRatio: number;
  readonly solveMs: number;
  /** Null for no limit. */
  readonly threads: number | null;
  /** Shares 0..1, until `calmFromMs`. */
  readonly faultRatio: number;
  readonly unsolvableRatio: number;
  readonly spells: readonly Spell[];
  /** No faults from this time on. */
  readonly calmFromMs: number;
}

/** One run of a batch. */
export interface Life {
  /** Killed after this many steps; null for never. */
  readonly steps: number | null;
  /** From its start. */
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
  /** Maximum time of an answer, in ms. */
  readonly answerMs: number;
  readonly budget: RetryBudgetOptions;
  readonly breaker: BreakerOptions;
}

/** Everything that is decided before a simulation starts. */
export interface Schedule {
  readonly seed: number;
  readonly protection: ProtectionSchedule;
  readonly service: ServiceHabits;
  readonly callTimeoutMs: number;
  /** Maximum delay of a timer. */
  readonly lagMs: number;
  /** Changes of the wall clock. */
  readonly jumps: readonly { readonly atMs: number; readonly byMs: number }[];
  readonly polling: PollTiming & { readonly lifetimeMs: number };
  readonly batches: readonly BatchSchedule[];
  readonly solves: readonly SolveSchedule[];
}

const noBounds: Bounds = { maxFailures: null, maxSubmissions: null, maxDurationMs: null, limit: null };

/** The final runs of every batch, with a healthy service: they finish all remaining tasks. */
export const lastLife: Life = {
  ...{ steps: null, interruptAtMs: null, downMs: 1_000, retryFailed: true, leaveInDoubt: false, resolveExpired: false },
  bounds: noBounds,
};

function createWorkerSolver(generator: SeededGenerator, onExhausted: SolverOptions['onExhausted']): SolverOptions {
  return {
    timeoutMs: generator.oneOf([2_000, 20_000, 60_000, 120_000, 300_000]),
    limits: { maxAttempts: generator.whole(1, 6), maxUnsolvable: generator.whole(1, 3) },
    backoff: {
      strategy: generator.oneOf(['none', 'fixed', 'linear', 'exponential', 'full-jitter', 'decorrelated-jitter']),
      baseDelayMs: generator.oneOf([0, 200, 1_000]),
      maxDelayMs: generator.oneOf([0, 5_000, 30_000]),
    },
    onExhausted,
  };
}

function boundsOf(generator: SeededGenerator): Bounds {
  const few = (): number => generator.whole(1, 12);
  return {
    maxFailures: generator.maybe(0.15, few),
    maxSubmissions: generator.maybe(0.15, few),
    maxDurationMs: generator.maybe(0.15, () => generator.between(1_000, 120_000)),
    limit: generator.maybe(0.15, few),
  };
}

const lifeOf = (generator: SeededGenerator): Life => ({
  steps: generator.maybe(0.75, () => Math.floor(generator.oneOf([40, 150, 600]) * generator.next())),
  interruptAtMs: generator.maybe(0.25, () => generator.between(0, 90_000)),
  downMs: generator.oneOf([0, 10, 2_000, 60_000]),
  retryFailed: generator.chance(0.5),
  leaveInDoubt: generator.chance(0.2),
  resolveExpired: generator.chance(0.3),
  bounds: boundsOf(generator),
});

function batchOf(generator: SeededGenerator): BatchSchedule {
  const start = generator.oneOf([1, 2, 4, 8]);
  return {
    tasks: generator.oneOf([1, 3, 6, 12, 20]),
    concurrency: { start, max: start + generator.whole(0, 4) },
    orderWindow: generator.maybe(0.3, () => generator.whole(1, 6)),
    solver: createWorkerSolver(generator, generator.oneOf(['pause', 'pause', 'pause', 'fail'])),
    disk: { syncMs: generator.oneOf([0, 5, 40, 400]), fullRatio: generator.chance(0.15) ? 0.01 : 0 },
    lives: generator.some(generator.whole(0, 4), () => lifeOf(generator)),
  };
}

const solveOf = (generator: SeededGenerator): SolveSchedule => ({
  startsAtMs: generator.between(0, 120_000),
  steps: generator.maybe(0.3, () => generator.whole(0, 40)),
  stopAtMs: generator.maybe(0.2, () => generator.between(0, 60_000)),
  solver: createWorkerSolver(generator, generator.oneOf(['fail', 'fail', 'wait'])),
});

function createSimulatedResilience(generator: SeededGenerator): ProtectionSchedule {
  return {
    sharing: generator.oneOf(['object', 'log']),
    answerMs: generator.oneOf([0, 0, 5, 200]),
    budget: {
      ratio: generator.oneOf([null, 0, 0.1, 0.5, 1]),
      minRetriesPerSecond: generator.oneOf([0, 0.02, 0.2, 2]),
      maxRetriesPerSecond: generator.oneOf([0.05, 0.2, 1, 10]),
      burst: generator.oneOf([1, 1, 2, 4, 10]),
    },
    breaker: {
      failureRatio: generator.oneOf([null, null, 0.3, 0.5, 1]),
      minimumThroughput: generator.whole(1, 10),
      consecutiveFailures: generator.oneOf([null, 1, 2, 3, 5]),
      samplingDurationMs: generator.oneOf([5_000, 30_000]),
      breakDurationMs: generator.oneOf([500, 5_000, 20_000]),
      maxBreakDurationMs: generator.oneOf([5_000, 60_000]),
      probeLeaseMs: generator.oneOf([2_000, 60_000]),
      ...(generator.chance(0.5) && { unprovenLimit: generator.whole(1, 5) }),
    },
  };
}

function serviceOf(generator: SeededGenerator): ServiceHabits {
  const calmFromMs = generator.oneOf([60_000, 240_000, 900_000]);
  const spellOf = (): Spell => {
    const fromMs = generator.between(0, calmFromMs * 0.8);
    const toMs = Math.min(calmFromMs, fromMs + generator.between(0, generator.oneOf([5_000, 60_000, 600_000])));
    return { fromMs, toMs, serviceFault: generator.oneOf(serviceFaults) };
  };
  return {
    latencyMs: generator.oneOf([0, 50, 300, 1_500]),
    slowRatio: generator.oneOf([0, 0.01, 0.1, 0.4]),
    solveMs: generator.oneOf([1_000, 20_000, 90_000]),
    threads: generator.maybe(0.3, () => generator.whole(1, 4)),
    faultRatio: generator.oneOf([0, 0.1, 0.3, 0.7]),
    unsolvableRatio: generator.oneOf([0, 0.1, 0.5]),
    spells: generator.some(generator.whole(0, 3), spellOf),
    calmFromMs,
  };
}

/** The schedule of a seed; always the same. */
export function scheduleOf(seed: number): Schedule {
  const generator = new SeededGenerator(seed);
  return {
    seed,
    protection: createSimulatedResilience(generator),
    service: serviceOf(generator),
    callTimeoutMs: generator.oneOf([1_000, 10_000, 30_000]),
    lagMs: generator.oneOf([0, 0, 20, 1_500]),
    jumps: generator.some(generator.whole(0, 3), () => ({
      atMs: generator.between(0, 300_000),
      byMs: generator.oneOf([-1, 1]) * generator.between(0, generator.oneOf([1_000, 3_600_000, 86_400_000])),
    })),
    polling: {
      firstWaitMs: generator.oneOf([0, null, null, 15_000]),
      intervalMs: generator.oneOf([1_000, 5_000]),
      coldStartMs: [3_000, 5_000],
      lifetimeMs: generator.oneOf([10_000, 120_000]),
    },
    batches: generator.some(generator.oneOf([1, 1, 1, 2]), () => batchOf(generator)),
    solves: generator.some(generator.oneOf([0, 1, 3, 8]), () => solveOf(generator)),
  };
}
