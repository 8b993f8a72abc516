import type { MadeSolution } from './make-solution.ts';

/** A submission to be stored. */
export interface TaskDraft {
  readonly method: string;
  /** Null makes the task unsolvable. */
  readonly solve: (id: string) => MadeSolution | null;
  readonly latencyMs: number;
  /** Equal for submissions with equal parameters. */
  readonly fingerprint: string;
}

/** A task in the sandbox: in work (using a thread) until `readyAtMs`, then solved or failed, then forgotten. */
export interface SandboxTask {
  readonly id: string;
  readonly method: string;
  readonly readyAtMs: number;
  /** Null for an unsolvable task. */
  readonly solution: MadeSolution | null;
  readonly fingerprint: string;
  isCollected: boolean;
  isReported: boolean;
}

export interface TaskCounts {
  readonly accepted: number;
  readonly solved: number;
  readonly collected: number;
  readonly duplicates: number;
  readonly workingThreads: number;
  readonly threadsHighWater: number;
}

interface StoreOptions {
  readonly clock: { nowMs(): number };
  readonly resultKeptMs: number;
  /** The first id; later ids count up from it. */
  readonly firstId: number;
}

/** All tasks and their states. States depend only on time, so they are computed on access, without timers. */
export class TaskStore {
  readonly #options: StoreOptions;
  readonly #tasks = new Map<string, SandboxTask>();
  readonly #working = new Set<SandboxTask>();
  /** Number of tasks per fingerprint, among those that are in work or solved. */
  readonly #fingerprints = new Map<string, number>();
  #earliestReadyAtMs = Infinity;
  #nextId: number;
  #counts = { accepted: 0, solved: 0, collected: 0, duplicates: 0, threadsHighWater: 0 };

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#nextId = options.firstId;
  }

  accept({ method, solve, latencyMs, fingerprint }: TaskDraft): SandboxTask {
    const nowMs = this.#settle();
    const id = String(this.#nextId++);
    const readyAtMs = nowMs + latencyMs;
    const task = { id, method, readyAtMs, solution: solve(id), fingerprint, isCollected: false, isReported: false };
    const twins = this.#fingerprints.get(fingerprint) ?? 0;
    this.#fingerprints.set(fingerprint, twins + 1);
    this.#tasks.set(id, task);
    this.#working.add(task);
    this.#earliestReadyAtMs = Math.min(this.#earliestReadyAtMs, readyAtMs);
    this.#counts.accepted += 1;
    this.#counts.duplicates += twins > 0 ? 1 : 0;
    this.#counts.threadsHighWater = Math.max(this.#counts.threadsHighWater, this.#working.size);
    return task;
  }

  /** The task with this id; null if it never existed or is forgotten. */
  find(id: string): SandboxTask | null {
    const nowMs = this.#settle();
    const task = this.#tasks.get(id);
    return task === undefined || this.#isForgotten(task, nowMs) ? null : task;
  }

  isReady(task: SandboxTask): boolean {
    return this.#options.clock.nowMs() >= task.readyAtMs;
  }

  /** Records that the task's solution reached the client. */
  collect(task: SandboxTask): void {
    if (!task.isCollected) this.#counts.collected += 1;
    task.isCollected = true;
  }

  counts(): TaskCounts {
    this.#settle();
    return { ...this.#counts, workingThreads: this.#working.size };
  }

  #isForgotten(task: SandboxTask, nowMs: number): boolean {
    return nowMs >= task.readyAtMs + this.#options.resultKeptMs;
  }

  #settle(): number {
    const nowMs = this.#options.clock.nowMs();
    if (nowMs >= this.#earliestReadyAtMs) this.#finishReady(nowMs);
    for (const task of this.#tasks.values()) {
      // Tasks are in the order of submission, which is nearly the order of their ends: leftovers follow soon.
      if (!this.#isForgotten(task, nowMs)) break;
      this.#tasks.delete(task.id);
      if (task.solution !== null) this.#release(task.fingerprint);
    }
    return nowMs;
  }

  #finishReady(nowMs: number): void {
    this.#earliestReadyAtMs = Infinity;
    for (const task of this.#working) {
      if (nowMs < task.readyAtMs) {
        this.#earliestReadyAtMs = Math.min(this.#earliestReadyAtMs, task.readyAtMs);
        continue;
      }
      this.#working.delete(task);
      if (task.solution === null) this.#release(task.fingerprint);
      else this.#counts.solved += 1;
    }
  }

  #release(fingerprint: string): void {
    const left = (this.#fingerprints.get(fingerprint) ?? 1) - 1;
    if (left === 0) this.#fingerprints.delete(fingerprint);
    else this.#fingerprints.set(fingerprint, left);
  }
}
