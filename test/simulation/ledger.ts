import type { SolverOptions } from '../../src/core/solve/solver.ts';
import type { Fault } from '../../src/domain/fault.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import type { MemoryDisk } from '../support/memory-disk.ts';

/** One task on its way through one process, from the call of the solver to its outcome. */
export interface TaskRun {
  readonly process: string;
  readonly taskId: string;
  /** What its process keeps a journal on; null for one without. */
  readonly disk: MemoryDisk | null;
  readonly options: SolverOptions;
  readonly startedMs: number;
  /** It begins with an id of an earlier run. */
  readonly isResumed: boolean;
  readonly calls: Call[];
  /** Null where the process ended before. */
  endedMs: number | null;
  outcome: Outcome | null;
  /** The pass that its next submission will use. */
  pass: PassTaken | null;
}

/** One pass of the breaker. Times in ms, on the clock of the host. */
export interface PassTaken {
  readonly taskRun: TaskRun;
  readonly isProbe: boolean;
  /** Others wait for its answer. */
  readonly isTrial: boolean;
  readonly takenMs: number;
  isGivenBack: boolean;
}

/** One request, as the wire saw it. */
export interface Call {
  readonly type: 'submit' | 'poll';
  readonly taskRun: TaskRun;
  /** Counts all calls, in the order in which they were sent. */
  readonly order: number;
  readonly sentMs: number;
  readonly timeLeftMs: number;
  readonly pass: PassTaken | null;
  /** Of a poll the id that it asked for, of a submission the one that it was answered with. */
  captchaId: string | null;
  /** When the client knew the answer; null where it did not live to. */
  endedMs: number | null;
  fault: Fault | null;
}

/** A task that the service accepted. */
export interface Accepted {
  readonly captchaId: string;
  readonly taskId: string;
  readonly acceptedMs: number;
  /** The processes that were told or have read the id. */
  readonly knownTo: Set<string>;
  /** True once a client has been told that the id is given up, or has the solution. */
  isOver: boolean;
}

/** What happened, written down by the world and by nobody who is judged. */
export class Ledger {
  readonly calls: Call[] = [];
  readonly taskRuns: TaskRun[] = [];
  readonly accepted: Accepted[] = [];
  readonly passes: ({ readonly type: 'taken' | 'given-back'; readonly pass: PassTaken; readonly atMs: number } & {
    readonly verdict: string | null;
  })[] = [];
  /** What broke an invariant at once. */
  readonly violations: string[] = [];
  /** When each process ended, whichever way. */
  readonly goneMs = new Map<string, number>();
  readonly counts = new Map<string, number>();
  readonly #byId = new Map<string, Accepted>();
  readonly #byTask = new Map<string, Accepted[]>();
  readonly #submissions = new Map<string, number>();
  readonly #trace: ((line: string) => void) | null;
  readonly #nowMs: () => number;

  constructor(nowMs: () => number, trace: ((line: string) => void) | null) {
    this.#nowMs = nowMs;
    this.#trace = trace;
  }

  /** Counts an event for the histogram. */
  count(event: string, by = 1): void {
    this.counts.set(event, (this.counts.get(event) ?? 0) + by);
  }

  trace(process: string, text: string): void {
    this.#trace?.(`${(this.#nowMs() / 1_000).toFixed(3).padStart(10)} s  ${process.padEnd(14)} ${text}`);
  }

  violate(invariant: string): void {
    this.trace('INVARIANT BROKEN', invariant);
    this.violations.push(`${(this.#nowMs() / 1_000).toFixed(3)} s: ${invariant}`);
  }

  addCall(call: Call): void {
    this.calls.push(call);
    const { taskId } = call.taskRun;
    if (call.type === 'submit') this.#submissions.set(taskId, this.submissionsOf(taskId) + 1);
  }

  /** How often a task was submitted, in all its runs. */
  submissionsOf(taskId: string): number {
    return this.#submissions.get(taskId) ?? 0;
  }

  accept(taskId: string): Accepted {
    const captchaId = `c${this.accepted.length + 1}`;
    const accepted: Accepted = { captchaId, taskId, acceptedMs: this.#nowMs(), knownTo: new Set(), isOver: false };
    this.accepted.push(accepted);
    this.#byId.set(captchaId, accepted);
    this.#byTask.set(taskId, [...this.acceptedFor(taskId), accepted]);
    return accepted;
  }

  acceptedAs(captchaId: string): Accepted {
    const found = this.#byId.get(captchaId);
    if (found === undefined) throw new Error(`nobody accepted ${captchaId}`);
    return found;
  }

  acceptedFor(taskId: string): readonly Accepted[] {
    return this.#byTask.get(taskId) ?? [];
  }
}
