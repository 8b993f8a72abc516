import type { TaskProgress } from '../../../ports/files.ts';
import { KeyIndex } from './key-index.ts';
import type { Step } from './step.ts';

/** How many tasks a journal knows, and how far they are. `total` includes those of which nothing was paid. */
export interface JournalCounts {
  readonly total: number;
  readonly solved: number;
  readonly failed: number;
  readonly submitted: number;
  readonly inDoubt: number;
}

/** Every state's number in the table; a new one goes last. */
const states = ['new', 'in-doubt', 'submitted', 'solved', 'failed'] as const;
type State = (typeof states)[number];

/** A task that was begun and has no row: few at a time, so they may be objects. */
interface Open {
  /** Its number in the index, which is asked less often so. */
  readonly task: number;
  readonly attempts: number;
  readonly captchaId: string;
  readonly submittedAt: number;
  /** The answer to a submission before the latest was never known. */
  readonly wasInDoubt: boolean;
}

/** In a journal that says nothing of how it was begun. */
const nothingOpen = { attempts: 0, captchaId: '', submittedAt: 0, wasInDoubt: false };

/** One number per task, growing. */
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

/** How far every task of a journal is, and where its row stands: about 45 bytes per finished task. */
export class TaskStates {
  readonly #index = new KeyIndex();
  readonly #state = new Column((length) => new Uint8Array(length));
  /** What a task is again when the submission under way is refused. */
  readonly #fallback = new Column((length) => new Uint8Array(length));
  readonly #rowAt = new Column((length) => new Float64Array(length));
  /** `NaN` where a solution does not expire. */
  readonly #expiresAt = new Column((length) => new Float64Array(length));
  /** 1 where it was sent to a queue since it had its latest row. */
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

  /** Where the record with the latest row of a finished task begins; null for one that is not finished. */
  rowAt(key: string): number | null {
    const task = this.#index.find(key);
    if (task === undefined) return null;
    const state = this.#stateOf(task);
    return state === 'solved' || state === 'failed' ? this.#rowAt.get(task) : null;
  }

  /** Where the record with the latest row of a task begins, finished or begun again since; 0 for a task that never got one. */
  latestRowAt(key: string): number {
    const task = this.#index.find(key);
    return task === undefined ? 0 : this.#rowAt.get(task);
  }

  /** Takes in the record that begins at `at`. */
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
   * A submission after a doubtful one leaves the doubt: should it be refused, the earlier may still have been paid for.
   * An accepted id, in contrast, is known to be dead before the next submission is begun.
   */
  #intend({ task, open }: { task: number; open: Open | undefined }, step: Step & { type: 'intent' }): void {
    const state = this.#stateOf(task);
    if (state !== 'submitted') this.#fallback.set(task, this.#state.get(task));
    const wasInDoubt = step.wasInDoubt || state === 'in-doubt' || open?.wasInDoubt === true;
    this.#open.set(step.key, { task, attempts: step.attempt, captchaId: '', submittedAt: 0, wasInDoubt });
    this.#become(task, 'in-doubt');
  }

  /**
   * Where no earlier submission is in doubt the attempts are forgotten, since some may have been free: the next run has all
   * of `maxAttempts` for the task, and its row counts from there.
   */
  #refuse(task: number, key: string): void {
    if (this.#stateOf(task) !== 'in-doubt') return;
    const state = states[this.#fallback.get(task)] ?? 'new';
    if (state !== 'in-doubt') this.#open.delete(key);
    this.#become(task, state);
  }
}
