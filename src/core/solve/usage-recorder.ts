import type { Attempt, Outcome } from '../../domain/outcome.ts';
import { hourMs, type SlotLoad, slotMs, slotsPerHour, type TaskCounts, UsageSums } from '../../domain/usage.ts';
import type { Task } from '../../domain/task.ts';
import type { UsageLog } from '../../ports/state.ts';
import type { Clock } from '../../ports/system.ts';
import { Quantiles } from './quantiles.ts';

/** What a process knows of the threads of its account. `threads`: null if the service does not tell. */
export interface WatchedThreads {
  readonly isFull: boolean;
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

/** How often what was counted is stored, and the threads are looked at, in ms. */
const everyMs = 1_000;
/** A service that solved an id of an earlier run stopped working on it long before the id was collected. */
const maxThreadMs = 300_000;
/** A task that ends so stays open, or could not be tried. */
const uncounted: ReadonlySet<string> = new Set(['cancelled', 'account', 'config', 'local']);

/** The time in which a thread worked for an accepted attempt, in epoch ms: until between the last two polls. */
function threadSpan(attempt: Attempt, outcome: Outcome): { readonly fromMs: number; readonly toMs: number } | null {
  const { submittedAt: fromMs, startedAt, durationMs, fault } = attempt;
  if (fromMs === null) return null;
  const endedMs = startedAt + durationMs;
  const isPolled = attempt.pollMs.length > 0;
  const solvedMs = outcome.status === 'solved' && fault === null && isPolled ? outcome.solvedAt : endedMs;
  return { fromMs, toMs: Math.min(Math.max(fromMs, (solvedMs + endedMs) / 2), fromMs + maxThreadMs) };
}

/** The slots that a span touches, with the part of it in each: whole ms whose sum is the length of the span. */
function* slotsIn(fromMs: number, toMs: number): Generator<{ slot: number; ms: number }> {
  const [from, to] = [Math.round(fromMs), Math.round(toMs)];
  for (let slot = Math.floor(from / slotMs); slot * slotMs < to; slot += 1) {
    const ms = Math.min(to, (slot + 1) * slotMs) - Math.max(from, slot * slotMs);
    yield { slot, ms };
  }
}

export interface UsageRecorderDeps {
  readonly clock: Clock;
  readonly log: UsageLog;
  /** Whose submissions the process sends; null without a label. */
  readonly label: string | null;
}

/** Adds the time of a thread to the slots of its hours. Times in epoch ms. Returns the time in ms. */
export function addThreadTime(sums: UsageSums, { fromMs, toMs }: { fromMs: number; toMs: number }): number {
  let total = 0;
  for (const { slot, ms } of slotsIn(fromMs, toMs)) {
    const hour = Math.floor(slot / slotsPerHour);
    const slots = { [slot - hour * slotsPerHour]: { busyMs: ms, fullMs: 0, workMs: 0 } };
    sums.add({ hour, threads: null, slots });
    total += ms;
  }
  return total;
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
  #slot: { at: number } & Omit<SlotLoad, 'busyMs'> = { at: -1, fullMs: 0, workMs: 0 };

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
    this.#count(task, { submissions: 1 });
  }

  recordBounced(task: Task): void {
    this.#waiting.add(task);
    this.#count(task, { bounced: 1 });
  }

  recordAccepted(task: Task): void {
    this.#waiting.delete(task);
  }

  end(task: Task, outcome: Outcome | null, wasInDoubt: boolean): void {
    this.#inWork -= 1;
    this.#waiting.delete(task);
    if (outcome === null) return;
    let threadMs = 0;
    for (const attempt of outcome.attempts) {
      const span = threadSpan(attempt, outcome);
      if (span !== null) threadMs += addThreadTime(this.#sums, span);
    }
    const isSolved = outcome.status === 'solved';
    const isExpired = isSolved && outcome.expiresAt !== null && outcome.expiresAt <= this.#deps.clock.timestamp();
    const counts = {
      solved: Number(isSolved),
      failed: Number(!isSolved && !uncounted.has(outcome.reason)),
      possiblyCharged: Number(outcome.possiblyCharged || wasInDoubt),
      expired: Number(isExpired),
      threadMs,
    };
    this.#count(task, counts, isSolved ? { [Quantiles.bucketOf(outcome.durationMs)]: 1 } : {});
  }

  /** Stores the rest. */
  async close(): Promise<void> {
    this.#ended.abort();
    await this.#ticking;
    await this.#store();
  }

  #count(
    { method, region }: Task,
    counts: Partial<TaskCounts>,
    solveTimes: Readonly<Record<string, number>> = {},
  ): void {
    const hour = Math.floor(this.#deps.clock.timestamp() / hourMs);
    this.#sums.addTasks({ hour, method, region, label: this.#deps.label }, counts, solveTimes);
  }

  async #tick(): Promise<void> {
    const { clock } = this.#deps;
    while (this.#inWork > 0 && !this.#ended.signal.aborted) {
      const sinceMs = clock.nowMs();
      await clock.sleep(everyMs, this.#ended.signal);
      // A suspended machine works for nobody.
      this.#look(Math.min(2 * everyMs, clock.nowMs() - sinceMs));
      if (!this.#ended.signal.aborted) await this.#store();
    }
    this.#ticking = null;
  }

  /** Records whether a thread was free in the time since the last look. */
  #look(sinceMs: number): void {
    const at = Math.floor(this.#deps.clock.timestamp() / slotMs);
    if (this.#slot.at !== at) this.#slot = { at, fullMs: 0, workMs: 0 };
    const isFull = this.#waiting.size > 0 || this.#watched.some((threads) => threads.isFull);
    const { fullMs, workMs } = this.#slot;
    const ms = Math.min(slotMs - workMs, Math.round(sinceMs));
    this.#slot = { at, fullMs: fullMs + (isFull ? ms : 0), workMs: workMs + ms };
    const hour = Math.floor(at / slotsPerHour);
    const slots = { [at - hour * slotsPerHour]: { busyMs: 0, fullMs: this.#slot.fullMs, workMs: this.#slot.workMs } };
    const known = this.#watched.flatMap(({ knownThreads }) => knownThreads ?? []);
    this.#sums.add({ hour, threads: known.at(-1) ?? null, slots });
  }

  async #store(): Promise<void> {
    if (this.#sums.isEmpty) return;
    const records = this.#sums.records();
    this.#sums = new UsageSums();
    await this.#deps.log.append(records);
  }
}
