import type { SolverOptions } from '../../src/core/solve/solver.ts';
import type { Fault } from '../../src/domain/fault.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import type { MemoryDisk } from '../support/memory-disk.ts';

/** One task in one process, from the solver call to its outcome. */
export interface TaskRun {
  readonly process: string;
  readonly taskId: string;
  /** The disk of its process's journal; null without one. */
  readonly disk: MemoryDisk | null;
  readonly options: SolverOptions;
  readonly startedMs: number;
  /** True if it starts with an id of an earlier run. */
  readonly isResumed: boolean;
  readonly calls: Call[];
  /** Null if the process ended first. */
  endedMs: number | null;
  outcome: Outcome | null;
  /** The permit of its next submission. */
  pass: PassTaken | null;
}

/** One permit of the breaker. Times in ms on the host's clock. */
export interface PassTaken {
  readonly taskRun: TaskRun;
  readonly isProbe: boolean;
  /** True if others wait for its answer. */
  readonly isTrial: boolean;
  readonly takenMs: number;
  isGivenBack: boolean;
}

/** One request on the wire. */
export interface Call {
  readonly type: 'submit' | 'poll';
  readonly taskRun: TaskRun;
  /** Sequence number of all calls, in sending order. */
  readonly order: number;
  readonly sentMs: number;
  readonly timeLeftMs: number;
  readonly pass: PassTaken | null;
  /** For a poll, its id; for a submission, the id in its answer. */
  captchaId: string | null;
  /** When the client received the answer; null if it had ended. */
  endedMs: number | null;
  fault: Fault | null;
}

/** A task that the service accepted. */
export interface Accepted {
  readonly captchaId: string;
  readonly taskId: string;
  readonly acceptedMs: number;
  /** The processes that received or read the id. */
  readonly knownTo: Set<string>;
  /** True once a client has received the solution, or the answer that the id is given up. */
  isOver: boolean;
}

/** Everything that happened, recorded by the world and not by the tested code. */
export class Ledger {
  readonly calls: Call[] = [];
  readonly taskRuns: TaskRun[] = [];
  readonly accepted: Accepted[] = [];
  readonly passes: ({ readonly type: 'taken' | 'given-back'; readonly pass: PassTaken; readonly atMs: number } & {
    readonly verdict: string | null;
  })[] = [];
  /** Violations detected at once. */
  readonly violations: string[] = [];
  /** When each process ended, in any way. */
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

  /** Number of submissions of a task, in all its runs. */
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
