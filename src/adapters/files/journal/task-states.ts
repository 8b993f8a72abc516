import type { TaskProgress } from '../../../ports/files.ts';
import { KeyIndex } from './key-index.ts';
import type { Step } from './step.ts';

/** Counts of a journal's tasks by state. `total` includes tasks without a payment. */
export interface JournalCounts {
  readonly total: number;
  readonly solved: number;
  readonly failed: number;
  readonly submitted: number;
  readonly inDoubt: number;
}

/** The index of a state is its number in the table; append new states at the end. */
const states = ['new', 'in-doubt', 'submitted', 'solved', 'failed'] as const;
type State = (typeof states)[number];

/** A started task without a row. There are few at a time, so objects are acceptable. */
interface Open {
  /** The task's number in the index, stored to save look-ups. */
  readonly task: number;
  readonly attempts: number;
  readonly captchaId: string;
  readonly submittedAt: number;
  /** True if an earlier submission than the latest has an unknown outcome. */
  readonly wasInDoubt: boolean;
}

/** The values for a task whose start is not in the journal. */
const nothingOpen = { attempts: 0, captchaId: '', submittedAt: 0, wasInDoubt: false };

/** A growing typed array with one number per task. */
class Column<T extends Uint8Array<ArrayBuffer> | Float64Array<ArrayBuffer>> {
  readonly #allocate: (length: number) => T;
  #values: T;

  constructor(allocate: (length: number) => T) {
    this.#allocate = allocate;
    this.#values = allocate(1024);
  }

  get(task: number): number {
    return this.#values[task] ?? 0;
  }

  set(task: number, value: number): void {
    if (task >= this.#values.length) {
      const larger = this.#allocate(2 * this.#values.length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[task] = value;
  }
}

/** The state of every task of a journal and the position of its row: about 45 bytes per finished task. */
export class TaskStates {
  readonly #index = new KeyIndex();
  readonly #state = new Column((length) => new Uint8Array(length));
  /** The state to return to if the submission in flight is refused. */
  readonly #fallback = new Column((length) => new Uint8Array(length));
  readonly #rowAt = new Column((length) => new Float64Array(length));
  /** `NaN` for a solution without an expiry. */
  readonly #expiresAt = new Column((length) => new Float64Array(length));
  /** 1 if the task was sent to a queue after its latest row. */
  readonly #queued = new Column((length) => new Uint8Array(length));
  readonly #open = new Map<string, Open>();
  readonly #counts: Record<State, number> = { new: 0, 'in-doubt': 0, submitted: 0, solved: 0, failed: 0 };

  has(key: string): boolean {
    return this.#index.find(key) !== undefined;
  }

  wasQueued(key: string): boolean {
    const task = this.#index.find(key);
    return task !== undefined && this.#queued.get(task) === 1;
  }

  counts(): JournalCounts {
    const { solved, failed, submitted, 'in-doubt': inDoubt } = this.#counts;
    return { total: this.#index.size, solved, failed, submitted, inDoubt };
  }

  progressOf(key: string): TaskProgress {
    const task = this.#index.find(key);
    if (task === undefined) return { state: 'new' };
    const state = this.#stateOf(task);
    const { attempts, captchaId, submittedAt, wasInDoubt } = this.#open.get(key) ?? nothingOpen;
    switch (state) {
      case 'new':
      case 'failed':
        return { state };
      case 'in-doubt':
        return { state, attempts };
      case 'submitted':
        return { state, attempts, captchaId, submittedAt, ...(wasInDoubt && { wasInDoubt }) };
      case 'solved': {
        const expiresAt = this.#expiresAt.get(task);
        return { state, expiresAt: Number.isNaN(expiresAt) ? null : expiresAt };
      }
    }
  }

  /** Offset of the record with a finished task's latest row; null for an unfinished task. */
  rowAt(key: string): number | null {
    const task = this.#index.find(key);
    if (task === undefined) return null;
    const state = this.#stateOf(task);
    return state === 'solved' || state === 'failed' ? this.#rowAt.get(task) : null;
  }

  /** Offset of the record with a task's latest row, even if the task started over since; 0 if it never had a row. */
  latestRowAt(key: string): number {
    const task = this.#index.find(key);
    return task === undefined ? 0 : this.#rowAt.get(task);
  }

  /** The service that gave the accepted ids is gone, and its tasks with it: their submissions are in doubt. */
  forgetIds(): void {
    for (const { task } of this.#open.values()) if (this.#stateOf(task) === 'submitted') this.#become(task, 'in-doubt');
  }

  /** Applies the record at offset `at`. */
  apply(step: Step, at: number): void {
    const open = this.#open.get(step.key);
    const task = open?.task ?? this.#taskOf(step.key);
    switch (step.type) {
      case 'intent':
        this.#intend({ task, open }, step);
        break;
      case 'submitted': {
        const { captchaId, submittedAt } = step;
        const { attempts, wasInDoubt } = open ?? nothingOpen;
        this.#open.set(step.key, { task, attempts, captchaId, submittedAt, wasInDoubt });
        this.#become(task, 'submitted');
        break;
      }
      case 'queued':
        this.#queued.set(task, 1);
        break;
      case 'refused':
        this.#refuse(task, step.key);
        break;
      case 'solved':
      case 'failed':
        this.#open.delete(step.key);
        this.#queued.set(task, 0);
        this.#rowAt.set(task, at);
        this.#expiresAt.set(task, step.expiresAt ?? Number.NaN);
        this.#fallback.set(task, states.indexOf(step.type));
        this.#become(task, step.type);
        break;
    }
  }

  #taskOf(key: string): number {
    const { size } = this.#index;
    const task = this.#index.add(key);
    if (task === size) this.#counts.new++;
    return task;
  }

  #stateOf(task: number): State {
    return states[this.#state.get(task)] ?? 'new';
  }

  #become(task: number, state: State): void {
    this.#counts[this.#stateOf(task)]--;
    this.#counts[state]++;
    this.#state.set(task, states.indexOf(state));
  }

  /**
   * A new submission keeps an existing doubt: if it is refused, the earlier one may still have been paid for. An
   * accepted id, by contrast, is known to be dead before the next submission starts.
   */
  #intend({ task, open }: { task: number; open: Open | undefined }, step: Step & { type: 'intent' }): void {
    const state = this.#stateOf(task);
    if (state !== 'submitted') this.#fallback.set(task, this.#state.get(task));
    const wasInDoubt = step.wasInDoubt || state === 'in-doubt' || open?.wasInDoubt === true;
    this.#open.set(step.key, { task, attempts: step.attempt, captchaId: '', submittedAt: 0, wasInDoubt });
    this.#become(task, 'in-doubt');
  }

  /**
   * If no earlier submission is in doubt, the attempts are forgotten, because some may have been free: the next run has
   * all of `maxAttempts` for the task, and its row counts from there.
   */
  #refuse(task: number, key: string): void {
    if (this.#stateOf(task) !== 'in-doubt') return;
    const state = states[this.#fallback.get(task)] ?? 'new';
    if (state !== 'in-doubt') this.#open.delete(key);
    this.#become(task, state);
  }
}
