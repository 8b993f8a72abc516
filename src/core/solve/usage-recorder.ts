import { type Attempt, isExpiredAt, type Outcome } from '../../domain/outcome.ts';
import type { Task } from '../../domain/task.ts';
import {
  countTime,
  hourMs,
  type SlotLoad,
  slotMs,
  slotsPerHour,
  type TaskSums,
  UsageSums,
} from '../../domain/usage.ts';
import type { UsageLog } from '../../ports/state.ts';
import type { Clock } from '../../ports/system.ts';
import { Quantiles } from './quantiles.ts';

/** What a process knows of the threads of its account. */
export interface WatchedThreads {
  /** True if no thread is expected to be free. */
  readonly isFull: boolean;
  /** Null if the service does not tell. */
  readonly knownThreads: number | null;
}

/** What a solver reports of its tasks. */
export interface UsageSink {
  begin(): void;
  recordSubmission(task: Task): void;
  /** The submission was refused because all threads are busy. */
  recordBounced(task: Task): void;
  recordAccepted(task: Task): void;
  /** `outcome`: null if the task was left. `wasInDoubt`: an earlier run may have submitted it. */
  end(task: Task, outcome: Outcome | null, wasInDoubt: boolean): void;
}

export interface UsageRecorderDeps {
  readonly clock: Clock;
  readonly log: UsageLog;
  /** Whose submissions the process sends; null without a label. */
  readonly label: string | null;
}

/** How often what was counted is stored, and the threads are looked at, in ms. */
const everyMs = 1_000;
/** A service that solved an id of an earlier run stopped working on it long before the id was collected. */
export const maxThreadMs = 300_000;
/** A task that ends so stays open, or could not be tried. */
const uncounted: ReadonlySet<string> = new Set(['cancelled', 'account', 'config', 'local']);

/** When the thread of an accepted attempt was free again, in epoch ms: between the last two polls. */
function freedAt({ startedAt, durationMs, fault, pollMs }: Attempt, submittedAt: number, outcome: Outcome): number {
  const endedMs = startedAt + durationMs;
  const isPolled = outcome.status === 'solved' && fault === null && pollMs.length > 0;
  const freeMs = isPolled ? (outcome.solvedAt + endedMs) / 2 : endedMs;
  return Math.min(Math.max(submittedAt, freeMs), submittedAt + maxThreadMs);
}

/** Adds the time of a thread, in epoch ms, to the slots of its hours. Returns it in whole ms. */
export function addThreadTime(sums: UsageSums, fromMs: number, toMs: number): number {
  const [from, to] = [Math.round(fromMs), Math.round(toMs)];
  for (let slot = Math.floor(from / slotMs); slot * slotMs < to; slot += 1) {
    const ms = Math.min(to, (slot + 1) * slotMs) - Math.max(from, slot * slotMs);
    sums.slot(Math.floor(slot / slotsPerHour), slot % slotsPerHour).busyMs += ms;
  }
  return Math.max(0, to - from);
}

/**
 * Counts what a process does with the threads of its account, and stores it once per second while it has tasks. A process
 * that is killed loses at most what it counted since.
 */
export class UsageRecorder implements UsageSink {
  readonly #deps: UsageRecorderDeps;
  readonly #ended = new AbortController();
  readonly #watched: WatchedThreads[] = [];
  /** Tasks for which all threads were busy. */
  readonly #waiting = new Set<Task>();
  #sums = new UsageSums();
  #inWork = 0;
  #ticking: Promise<void> | null = null;
  #slot: { readonly at: number } & Omit<SlotLoad, 'busyMs'> = { at: -1, fullMs: 0, workMs: 0 };

  constructor(deps: UsageRecorderDeps) {
    this.#deps = deps;
  }

  /** Looks at these, too, to know when no thread is free. */
  watch(threads: WatchedThreads): void {
    this.#watched.push(threads);
  }

  begin(): void {
    this.#inWork += 1;
    this.#ticking ??= this.#tick();
  }

  recordSubmission(task: Task): void {
    this.#of(task).counts.submissions += 1;
  }

  recordBounced(task: Task): void {
    this.#waiting.add(task);
    this.#of(task).counts.bounced += 1;
  }

  recordAccepted(task: Task): void {
    this.#waiting.delete(task);
  }

  end(task: Task, outcome: Outcome | null, wasInDoubt: boolean): void {
    this.#inWork -= 1;
    this.#waiting.delete(task);
    if (outcome === null) return;
    const { counts, solveTimes } = this.#of(task);
    for (const attempt of outcome.attempts) {
      const { submittedAt } = attempt;
      if (submittedAt === null) continue;
      counts.threadMs += addThreadTime(this.#sums, submittedAt, freedAt(attempt, submittedAt, outcome));
    }
    if (outcome.possiblyCharged || wasInDoubt) counts.possiblyCharged += 1;
    if (outcome.status === 'solved') {
      counts.solved += 1;
      countTime(solveTimes, Quantiles.bucketOf(outcome.durationMs));
      if (isExpiredAt(outcome, this.#deps.clock.timestamp())) counts.expired += 1;
    } else if (!uncounted.has(outcome.reason)) counts.failed += 1;
  }

  /** Stores the rest. */
  async close(): Promise<void> {
    this.#ended.abort();
    await this.#ticking;
    await this.#store();
  }

  #of({ method, region }: Task): TaskSums {
    const hour = Math.floor(this.#deps.clock.timestamp() / hourMs);
    return this.#sums.tasks(hour, { method, region, label: this.#deps.label });
  }

  async #tick(): Promise<void> {
    const { clock } = this.#deps;
    while (this.#inWork > 0 && !this.#ended.signal.aborted) {
      const sinceMs = clock.nowMs();
      await clock.sleep(everyMs, this.#ended.signal);
      // The time in which the machine was suspended does not count.
      this.#look(Math.min(2 * everyMs, clock.nowMs() - sinceMs));
      await this.#store();
    }
    this.#ticking = null;
  }

  /** Records whether a thread was free in the time since the last look. */
  #look(sinceMs: number): void {
    const at = Math.floor(this.#deps.clock.timestamp() / slotMs);
    const { fullMs, workMs } = this.#slot.at === at ? this.#slot : { fullMs: 0, workMs: 0 };
    const isFull = this.#waiting.size > 0 || this.#watched.some((threads) => threads.isFull);
    const ms = Math.min(slotMs - workMs, Math.round(sinceMs));
    this.#slot = { at, fullMs: fullMs + (isFull ? ms : 0), workMs: workMs + ms };
    const hour = Math.floor(at / slotsPerHour);
    // All that this process saw of the slot: the log keeps the most that a process saw.
    const load = this.#sums.slot(hour, at % slotsPerHour);
    [load.fullMs, load.workMs] = [this.#slot.fullMs, this.#slot.workMs];
    const threads = this.#watched.flatMap(({ knownThreads }) => knownThreads ?? []).at(-1);
    if (threads !== undefined) this.#sums.setThreads(hour, threads);
  }

  async #store(): Promise<void> {
    if (this.#sums.isEmpty) return;
    const records = this.#sums.records();
    this.#sums = new UsageSums();
    await this.#deps.log.append(records);
  }
}
