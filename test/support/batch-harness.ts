import { seededRandom } from '../../src/adapters/virtual/seeded-random.ts';
import { VirtualClock } from '../../src/adapters/virtual/virtual-clock.ts';
import type { BatchItem, BatchResult } from '../../src/core/batch/batch-plan.ts';
import { ConcurrencyLimit, type ConcurrencyOptions } from '../../src/core/batch/concurrency-limit.ts';
import { type BatchDeps, type BatchOptions, runBatch } from '../../src/core/batch/run-batch.ts';
import { solveItem } from '../../src/core/batch/solve-item.ts';
import { type Bounds, type StopReason, StopRules } from '../../src/core/batch/stop-rules.ts';
import { ProcessBreaker } from '../../src/core/resilience/circuit-breaker.ts';
import { ProcessRetryBudget } from '../../src/core/resilience/retry-budget.ts';
import type { Accepted } from '../../src/core/solve/attempt.ts';
import { Solver, type SolverOptions } from '../../src/core/solve/solver.ts';
import type { SolverEvent } from '../../src/domain/events.ts';
import type { SolverApi } from '../../src/ports/api.ts';
import { aTask, someOptions } from './builders.ts';
import { MemoryJournal } from './memory-journal.ts';
import { usualBreaker, usualBudget, usualTiming } from './solver-harness.ts';

export type Values = Readonly<Record<string, string>>;

export const noBounds: Bounds = { maxFailures: null, maxSubmissions: null, maxDurationMs: null, limit: null };

/** Items t1, t2 and so on, whose keys are their task ids. */
export function someItems(count: number): BatchItem[] {
  return Array.from({ length: count }, (_, index) => {
    const taskId = `t${index + 1}`;
    return { key: taskId, line: 2, task: aTask({ taskId }), priority: 0, values: { task_id: taskId } };
  });
}

export async function* streamOf<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

export interface BatchHarnessParts<Api extends SolverApi = SolverApi> {
  readonly clock?: VirtualClock;
  readonly api: (clock: VirtualClock) => Api;
  readonly journal?: MemoryJournal;
  readonly options?: Partial<BatchOptions>;
  readonly solver?: Partial<SolverOptions>;
  readonly bounds?: Partial<Bounds>;
  readonly concurrency?: ConcurrencyOptions;
  readonly write?: (values: Values) => Promise<void>;
  readonly seed?: number;
  /** The id in a failed row that may still be solved. */
  readonly liveIdIn?: (values: Values) => Accepted | null;
  /** True if the inputs of a task with such a row are used up. */
  readonly isUsedUp?: BatchDeps['isUsedUp'];
}

export function rowOf({ item, outcome, attemptCount, possiblyCharged }: BatchResult): Values {
  const solution = outcome.status === 'solved' ? outcome.solution.text : '';
  const reason = outcome.status === 'failed' ? outcome.reason : '';
  const { status, captchaId } = outcome;
  const attempts = String(attemptCount);
  const charged = String(possiblyCharged);
  return { ...item.values, status, solution, reason, attempts, possibly_charged: charged, captcha_id: captchaId ?? '' };
}

/** A batch with the production solver, in virtual time. */
export function aBatch<Api extends SolverApi>(parts: BatchHarnessParts<Api>) {
  const clock = parts.clock ?? new VirtualClock();
  const random = seededRandom(parts.seed ?? 1);
  const api = parts.api(clock);
  const events: SolverEvent[] = [];
  const solver = new Solver(someOptions({ onExhausted: 'pause', ...parts.solver }), {
    api,
    clock,
    random,
    budget: new ProcessRetryBudget(usualBudget, { clock }),
    breaker: new ProcessBreaker(usualBreaker, { clock, random }),
    emit: (event) => events.push(event),
    timing: () => usualTiming,
  });
  const journal = parts.journal ?? new MemoryJournal();
  const limit = new ConcurrencyLimit(parts.concurrency ?? { start: 4, max: 4 }, { clock });
  const interrupt = new AbortController();
  const rules = new StopRules({ ...noBounds, ...parts.bounds }, interrupt.signal, { clock });
  const rows: Values[] = [];
  const results: BatchResult[] = [];
  const write = parts.write ?? (async (): Promise<void> => undefined);
  const options: BatchOptions = {
    ...{ retryFailed: false, leaveInDoubt: false, resolveExpiredAt: null },
    ...{ orderWindow: null, inputMayStall: false },
    ...parts.options,
  };
  const run = (items: AsyncIterable<BatchItem>): Promise<StopReason | null> =>
    runBatch(items, options, {
      ...{ journal, limit, rules, rowOf },
      ...(parts.isUsedUp && { isUsedUp: parts.isUsedUp }),
      solve: (work) => solveItem(work, { solver, journal, rules, clock }),
      priorRunIn: (values) => ({
        attempts: Number(values['attempts']),
        possiblyCharged: values['possibly_charged'] === 'true',
        liveId: parts.liveIdIn?.(values) ?? null,
      }),
      sink: {
        write: async (values) => {
          await write(values);
          rows.push(values);
        },
      },
      record: (result) => results.push(result),
    });
  return { clock, api, journal, limit, interrupt, rules, rows, results, events, run };
}
