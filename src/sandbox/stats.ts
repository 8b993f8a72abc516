import type { TaskCounts } from './task-store.ts';

/** Counts since the start of a sandbox. Only requests to the protocol's endpoints are counted. */
export interface SandboxStats extends TaskCounts {
  readonly requests: number;
  /** Requests to `in.php` and `solve.php`, refused and faulted ones included. */
  readonly submissions: number;
  /** Requests for solutions (`get`, `get2`). */
  readonly polls: number;
  /** Solved, but not (yet) collected. */
  readonly orphaned: number;
  readonly faultsInjected: number;
  readonly requestsDuringOutage: number;
  readonly submissionsDuringOutage: number;
  /** Accepted submissions by method. */
  readonly perMethod: Readonly<Record<string, number>>;
  readonly reports: { readonly good: number; readonly bad: number };
  /** Callbacks refused because their address is not a loopback one. */
  readonly pingbackRefused: number;
  /** Submissions in each of the first 600 seconds, up to the last second with one. */
  readonly perSecond: readonly number[];
}

const maxSeconds = 600;

/** Counts that the task store does not have. */
export class SandboxCounters {
  requests = 0;
  submissions = 0;
  polls = 0;
  faultsInjected = 0;
  requestsDuringOutage = 0;
  submissionsDuringOutage = 0;
  pingbackRefused = 0;
  readonly reports = { good: 0, bad: 0 };
  readonly #perMethod = new Map<string, number>();
  readonly #perSecond: number[] = [];

  recordSubmission(elapsedMs: number): void {
    this.submissions += 1;
    const second = Math.floor(elapsedMs / 1_000);
    if (second >= maxSeconds) return;
    while (this.#perSecond.length <= second) this.#perSecond.push(0);
    this.#perSecond[second] = (this.#perSecond[second] ?? 0) + 1;
  }

  recordAccepted(method: string): void {
    this.#perMethod.set(method, (this.#perMethod.get(method) ?? 0) + 1);
  }

  snapshot(tasks: TaskCounts): SandboxStats {
    return {
      requests: this.requests,
      submissions: this.submissions,
      polls: this.polls,
      ...tasks,
      orphaned: tasks.solved - tasks.collected,
      faultsInjected: this.faultsInjected,
      requestsDuringOutage: this.requestsDuringOutage,
      submissionsDuringOutage: this.submissionsDuringOutage,
      perMethod: Object.fromEntries(this.#perMethod),
      reports: { ...this.reports },
      pingbackRefused: this.pingbackRefused,
      perSecond: [...this.#perSecond],
    };
  }
}
