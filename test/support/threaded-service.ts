import { seededRandom } from '../../src/adapters/virtual/seeded-random.ts';
import { VirtualClock } from '../../src/adapters/virtual/virtual-clock.ts';
import { ConcurrencyLimit } from '../../src/core/batch/concurrency-limit.ts';
import { runBatch } from '../../src/core/batch/run-batch.ts';
import { solveItem } from '../../src/core/batch/solve-item.ts';
import { StopRules } from '../../src/core/batch/stop-rules.ts';
import { ProcessBreaker } from '../../src/core/resilience/circuit-breaker.ts';
import { ProcessRetryBudget } from '../../src/core/resilience/retry-budget.ts';
import { PollPlanner } from '../../src/core/solve/poll-plan.ts';
import { SolvedShares, SolveTimes } from '../../src/core/solve/solve-times.ts';
import { Solver } from '../../src/core/solve/solver.ts';
import { describeFault, ProviderFault } from '../../src/domain/fault.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import type { SolverApi, Threads } from '../../src/ports/api.ts';
import { rowOf, noBounds, someItems, streamOf } from './batch-harness.ts';
import { someOptions } from './builders.ts';
import { MemoryJournal } from './memory-journal.ts';
import type { SolveTimeModel } from './polling-delays.ts';
import { usualBreaker, usualBudget, usualTiming } from './solver-harness.ts';

export interface ThreadedServiceOptions {
  readonly threads: number;
  readonly solveMs: SolveTimeModel;
  /** When a thread is free again. */
  readonly frees: 'when solved' | 'when fetched';
  readonly tellsThreads: boolean;
  readonly seed: number;
}

/** A service in virtual time whose account has a few threads. */
export class ThreadedService {
  readonly clock = new VirtualClock();
  readonly counts = { accepted: 0, refused: 0, polls: 0, reads: 0, mostWorking: 0 };
  /** Refusals, by when they were sent. */
  readonly refusedAtMs: number[] = [];
  /** How long threads were used by the tasks that are done, in ms. */
  usedMs = 0;
  readonly #options: ThreadedServiceOptions;
  readonly #random;
  readonly #readyAtMs = new Map<string, number>();

  constructor(options: ThreadedServiceOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
  }

  working(): number {
    const nowMs = this.clock.nowMs();
    const kept = [...this.#readyAtMs.values()];
    return this.#options.frees === 'when fetched' ? kept.length : kept.filter((readyAtMs) => readyAtMs > nowMs).length;
  }

  /** What one process sees of it. */
  api(): SolverApi {
    return {
      submit: async () => {
        await this.clock.sleep(20 + 30 * this.#random.next());
        return this.#accept();
      },
      poll: async (captchaId) => {
        await this.clock.sleep(20);
        this.counts.polls += 1;
        const readyAtMs = this.#readyAtMs.get(captchaId) ?? 0;
        if (readyAtMs > this.clock.nowMs()) return { ready: false };
        if (this.#options.frees === 'when fetched') this.usedMs += this.clock.nowMs() - readyAtMs;
        this.#readyAtMs.delete(captchaId);
        return { ready: true, solution: { text: captchaId, fields: {} } };
      },
    };
  }

  async readThreads(): Promise<Threads | null> {
    this.counts.reads += 1;
    await this.clock.sleep(20);
    return this.#options.tellsThreads ? { threads: this.#options.threads, workingThreads: this.working() } : null;
  }

  #accept(): string {
    const { threads, solveMs } = this.#options;
    if (this.working() >= threads) {
      this.counts.refused += 1;
      this.refusedAtMs.push(this.clock.nowMs());
      throw new ProviderFault(describeFault({ kind: 'throttled', message: 'full', threadsFull: true }));
    }
    this.counts.accepted += 1;
    const captchaId = `c${this.counts.accepted}`;
    const took = solveMs(this.#random);
    this.#readyAtMs.set(captchaId, this.clock.nowMs() + took);
    this.usedMs += took;
    this.counts.mostWorking = Math.max(this.counts.mostWorking, this.working());
    return captchaId;
  }
}

export interface ThreadedBatch {
  readonly tasks: number;
  readonly seed: number;
  /** Tasks in work at most; left out for as many as keep the threads busy. */
  readonly ceiling?: number;
  readonly timeoutMs?: number;
}

export interface ThreadedBatchEnd {
  readonly outcomes: readonly Outcome[];
  readonly endedMs: number;
  readonly limit: ConcurrencyLimit;
  readonly mostInWork: number;
}

/** Runs the tasks of one process, as `captcha batch` does. */
export async function runThreadedBatch(service: ThreadedService, batch: ThreadedBatch): Promise<ThreadedBatchEnd> {
  const { clock } = service;
  const random = seededRandom(batch.seed);
  const times = new SolveTimes(null, { clock });
  const known = await service.readThreads();
  const max = batch.ceiling ?? (known === null ? 1_000 : 100_000);
  const limit = new ConcurrencyLimit(
    { start: known === null ? (batch.ceiling ?? 10) : max, max, ...(known !== null && { known }) },
    {
      ...{ clock, random, shares: new SolvedShares(times) },
      ...(known !== null && { readThreads: () => service.readThreads() }),
    },
  );
  const solver = new Solver(someOptions({ onExhausted: 'pause', timeoutMs: batch.timeoutMs ?? 120_000 }), {
    api: service.api(),
    ...{ clock, random, planner: new PollPlanner(times), emit: () => undefined },
    timing: () => ({ ...usualTiming, firstWaitMs: null }),
    budget: new ProcessRetryBudget(usualBudget, { clock }),
    breaker: new ProcessBreaker(usualBreaker, { clock, random }),
  });
  const journal = new MemoryJournal();
  const rules = new StopRules(noBounds, new AbortController().signal, { clock });
  const outcomes: Outcome[] = [];
  let mostInWork = 0;
  await runBatch(
    streamOf(someItems(batch.tasks)),
    {
      ...{ retryFailed: false, leaveInDoubt: false, resolveExpiredAt: null },
      ...{ orderWindow: null, inputMayStall: false },
    },
    {
      ...{ journal, limit, rules, rowOf },
      solve: (work) => {
        mostInWork = Math.max(mostInWork, limit.inFlight);
        return solveItem(work, { solver, journal, rules, clock });
      },
      priorRunIn: () => ({ attempts: 0, possiblyCharged: false, liveId: null }),
      sink: { write: async () => undefined },
      record: ({ outcome }) => outcomes.push(outcome),
    },
  );
  return { outcomes, endedMs: clock.nowMs(), limit, mostInWork };
}
