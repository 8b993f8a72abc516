import type { Outcome } from '../../domain/outcome.ts';
import type { Clock } from '../../ports/clock.ts';
import type { TaskJournal } from '../../ports/task-journal.ts';
import type { Accepted, AttemptSteps } from '../solve/attempt.ts';
import { gaveUp } from '../solve/outcome-of.ts';
import type { Circumstances } from '../solve/circumstances.ts';
import type { Solver } from '../solve/solver.ts';
import type { BatchItem, BatchResult, RowSink } from './batch-item.ts';
import { type BatchPlan, isBegunAgain, planTask, type ResumeOptions } from './batch-plan.ts';
import type { ConcurrencyLimit } from './concurrency-limit.ts';
import { OrderedRows } from './ordered-rows.ts';
import type { StopRules, StopReason } from './stop-rules.ts';

export interface BatchOptions extends ResumeOptions {
  /** Rows in the order of the input, held back in a window of so many; null writes them as they finish. */
  readonly orderWindow: number | null;
  /** How long a task waits for a thread before it asks again, in ms. */
  readonly threadWaitMs: number;
}

export interface BatchDeps {
  readonly solver: Pick<Solver, 'solve'>;
  readonly journal: TaskJournal;
  readonly limit: ConcurrencyLimit;
  readonly rules: StopRules;
  readonly clock: Clock;
  readonly sink: RowSink;
  /** The row of a finished task: its columns, as they will be written. */
  readonly rowOf: (result: BatchResult) => Readonly<Record<string, string>>;
  /** The id in a failed task's row that may still be solved; null for none. */
  readonly liveIdIn: (values: Readonly<Record<string, string>>) => Accepted | null;
  /** Told of every task that got its row in this run. */
  readonly record: (result: BatchResult) => void;
}

type Work = Exclude<BatchPlan, { do: 'nothing' }>;

/** Thrown before a submission that would be one too many. */
class NoMoreSubmissions extends Error {}

class BatchRun {
  readonly #options: BatchOptions;
  readonly #deps: BatchDeps;
  readonly #ordered: OrderedRows | null;
  readonly #running = new Set<Promise<void>>();
  #fail: (error: unknown) => void = () => undefined;
  #firstFinished: string | null = null;

  constructor(options: BatchOptions, deps: BatchDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#ordered = options.orderWindow === null ? null : new OrderedRows(deps.sink, options.orderWindow);
  }

  /** Ends with the first error at once: what is under way then is in the journal. */
  run(items: AsyncIterable<BatchItem>): Promise<StopReason | null> {
    const failed = new Promise<never>((_resolve, reject) => {
      this.#fail = (error) => {
        this.#deps.rules.stopFor('failure');
        reject(error instanceof Error ? error : new Error(String(error)));
      };
    });
    return Promise.race([this.#all(items), failed]);
  }

  async #all(items: AsyncIterable<BatchItem>): Promise<StopReason | null> {
    for await (const item of items) {
      const place = (await this.#ordered?.takePlace()) ?? 0;
      const plan = await this.#plan(item);
      if (plan.do !== 'nothing' && (await this.#mayBegin())) this.#start(item, plan, place);
      else await this.#keep(item, place);
      if (this.#hasReadEnough()) break;
    }
    await Promise.all(this.#running);
    await this.#writeHeldBack();
    return this.#deps.rules.reason;
  }

  /** Waits for room for one more task, which is then taken; false where none is to be begun any more. */
  async #mayBegin(): Promise<boolean> {
    const { limit, rules } = this.#deps;
    if (!rules.mayStart()) return false;
    await limit.acquire();
    if (!rules.stop.aborted) return true;
    limit.release();
    return false;
  }

  /** In the order of the input the rows of earlier runs are still to come when no more tasks are begun. */
  #hasReadEnough(): boolean {
    const { reason } = this.#deps.rules;
    return reason === 'failure' || (reason !== null && this.#ordered === null);
  }

  #start(item: BatchItem, plan: Work, place: number): void {
    const { limit, rules } = this.#deps;
    rules.recordStart();
    const work = this.#work(item, plan, place)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        limit.release();
        this.#running.delete(work);
      });
    this.#running.add(work);
  }

  async #plan(item: BatchItem): Promise<BatchPlan> {
    const { journal, liveIdIn } = this.#deps;
    const progress = journal.progressOf(item.key);
    const failed = progress.state === 'failed' && this.#options.retryFailed ? await journal.rowOf(item.key) : null;
    const liveId = failed === null ? null : liveIdIn(failed.values);
    return planTask(progress, this.#options, liveId);
  }

  /** A task that is not begun keeps its row of an earlier run: here it is written where the order asks for all anew. */
  async #keep(item: BatchItem, place: number): Promise<void> {
    if (this.#ordered === null) return;
    const finished = await this.#deps.journal.rowOf(item.key);
    await this.#ordered.put(place, finished?.values ?? null);
  }

  /** The rows that were held back for tasks which this run then did not finish: they stand before those that it did. */
  async #writeHeldBack(): Promise<void> {
    const { retryFailed, resolveExpiredAt } = this.#options;
    if (this.#ordered !== null || !(retryFailed || resolveExpiredAt !== null)) return;
    for await (const finished of this.#deps.journal.finishedTasks()) {
      if (finished.key === this.#firstFinished) return;
      if (isBegunAgain(finished, this.#options)) await this.#deps.sink.write(finished.values);
    }
  }

  async #work(item: BatchItem, plan: Work, place: number): Promise<void> {
    const outcome = plan.do === 'leave' ? this.#leftInDoubt(item) : await this.#solve(item, plan);
    if (outcome === null) return this.#keep(item, place);
    const values = await this.#finish(this.#resultOf(item, plan, outcome));
    await (this.#ordered === null ? this.#deps.sink.write(values) : this.#ordered.put(place, values));
  }

  #leftInDoubt({ task }: BatchItem): Outcome {
    return gaveUp({ task, attempts: [], durationMs: 0 }, { reason: 'in-doubt', retryInMs: null });
  }

  /** Null where the task stays open for the next run: it was stopped, or the account refuses all of them. */
  async #solve(item: BatchItem, plan: Work & { do: 'solve' }): Promise<Outcome | null> {
    const { solver, rules } = this.#deps;
    try {
      const outcome = await solver.solve(item.task, rules.stop, this.#circumstances(item, plan));
      if (outcome.status === 'solved') return outcome;
      if (outcome.reason === 'account') rules.stopFor('account', outcome.message);
      return outcome.reason === 'account' || outcome.reason === 'cancelled' ? null : outcome;
    } catch (error) {
      if (error instanceof NoMoreSubmissions) return null;
      throw error;
    }
  }

  #circumstances(item: BatchItem, { earlierAttempts, accepted }: Work & { do: 'solve' }): Circumstances {
    const { limit, rules } = this.#deps;
    return {
      steps: this.#stepsOf(item.key),
      earlierAttempts,
      accepted,
      awaitThread: () => {
        limit.recordFull();
        return limit.yield(this.#options.threadWaitMs, rules.stop);
      },
    };
  }

  #stepsOf(key: string): AttemptSteps {
    const { journal, rules, limit } = this.#deps;
    return {
      intend: (attempt) => {
        if (!rules.maySubmit()) throw new NoMoreSubmissions();
        return journal.intend(key, attempt);
      },
      refused: () => journal.refused(key),
      submitted: ({ captchaId, submittedAt }) => {
        limit.recordAccepted();
        return journal.submitted(key, captchaId, submittedAt);
      },
    };
  }

  #resultOf(item: BatchItem, plan: Work, outcome: Outcome): BatchResult {
    const expiresAt = outcome.status === 'solved' ? outcome.expiresAt : null;
    const resumed = plan.do === 'solve' && plan.accepted !== null ? 1 : 0;
    return {
      item,
      outcome,
      attemptCount: plan.earlierAttempts + outcome.attempts.length - resumed,
      possiblyCharged: outcome.possiblyCharged || plan.do === 'leave' || plan.wasInDoubt,
      expired: expiresAt !== null && expiresAt <= this.#deps.clock.timestamp(),
    };
  }

  async #finish(result: BatchResult): Promise<Readonly<Record<string, string>>> {
    const { journal, rowOf, record, rules } = this.#deps;
    const { item, outcome } = result;
    const values = rowOf(result);
    const expiresAt = outcome.status === 'solved' ? outcome.expiresAt : null;
    this.#firstFinished ??= item.key;
    await journal.finished({ key: item.key, status: outcome.status, expiresAt, values });
    record(result);
    rules.recordFinished(outcome.status === 'failed');
    return values;
  }
}

/**
 * Solves many tasks: as many at once as the limit allows, every step in the journal before it is taken, one row per
 * task. Answers why it stopped before the end, or null. Rejects with the first error of the journal or the sink.
 */
export function runBatch(
  items: AsyncIterable<BatchItem>,
  options: BatchOptions,
  deps: BatchDeps,
): Promise<StopReason | null> {
  return new BatchRun(options, deps).run(items).finally(() => deps.rules.end());
}
