import type { FinishedTask, TaskJournal, TaskProgress } from '../../src/ports/task-journal.ts';

/** What is durable of a batch; runs of the same batch share one. */
export interface Durable {
  readonly progress: Map<string, TaskProgress>;
  /** Latest rows, in the order in which they were finished. */
  readonly rows: Map<string, FinishedTask>;
}

export const nothingDurable = (): Durable => ({ progress: new Map(), rows: new Map() });

/** A journal in memory. `step` is awaited before each record becomes durable: it may fail, or never come back. */
export class MemoryJournal implements TaskJournal {
  readonly records: { readonly type: string; readonly key: string }[] = [];
  readonly #durable: Durable;
  readonly #step: (type: string, key: string) => Promise<void>;
  /** What a task is again when the submission under way is refused. */
  readonly #before = new Map<string, TaskProgress>();

  constructor(
    durable: Durable = nothingDurable(),
    step: (type: string, key: string) => Promise<void> = async () => {},
  ) {
    this.#durable = durable;
    this.#step = step;
  }

  progressOf(key: string): TaskProgress {
    return this.#durable.progress.get(key) ?? { state: 'new' };
  }

  async intend(key: string, attempts: number): Promise<void> {
    await this.#begin('intend', key);
    const before = this.progressOf(key);
    if (before.state !== 'submitted') this.#before.set(key, before);
    this.#durable.progress.set(key, { state: 'in-doubt', attempts });
  }

  refused(key: string): void {
    this.records.push({ type: 'refused', key });
    this.#durable.progress.set(key, this.#before.get(key) ?? { state: 'new' });
  }

  async submitted(key: string, captchaId: string, submittedAt: number): Promise<void> {
    await this.#begin('submitted', key);
    const progress = this.progressOf(key);
    const attempts = 'attempts' in progress ? progress.attempts : 0;
    this.#durable.progress.set(key, { state: 'submitted', attempts, captchaId, submittedAt });
  }

  async finished(task: FinishedTask): Promise<void> {
    await this.#begin('finished', task.key);
    const { key, status, expiresAt } = task;
    this.#durable.progress.set(key, status === 'solved' ? { state: 'solved', expiresAt } : { state: 'failed' });
    this.#durable.rows.delete(key);
    this.#durable.rows.set(key, task);
  }

  async *finishedTasks(): AsyncIterable<FinishedTask> {
    for (const task of [...this.#durable.rows.values()]) if (this.#hasRow(task.key)) yield task;
  }

  async rowOf(key: string): Promise<FinishedTask | null> {
    return this.#hasRow(key) ? (this.#durable.rows.get(key) ?? null) : null;
  }

  async close(): Promise<void> {}

  #hasRow(key: string): boolean {
    const { state } = this.progressOf(key);
    return state === 'solved' || state === 'failed';
  }

  async #begin(type: string, key: string): Promise<void> {
    this.records.push({ type, key });
    await this.#step(type, key);
  }
}
