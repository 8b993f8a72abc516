import type { FinishedTask, TaskJournal, TaskProgress } from '../../src/ports/files.ts';

/** The durable state of a batch; runs of the same batch share one. */
export interface Durable {
  readonly progress: Map<string, TaskProgress>;
  /** Latest rows, in the order of finishing. */
  readonly rows: Map<string, FinishedTask>;
  /** The state to return to when the submission in flight is refused. */
  readonly before: Map<string, TaskProgress['state']>;
  /** Tasks without a row, with a possibly paid submission before the latest. */
  readonly doubtful: Set<string>;
  /** Tasks that were sent to a queue and have no row since. */
  readonly queued: Set<string>;
}

export const nothingDurable = (): Durable => ({
  progress: new Map(),
  rows: new Map(),
  before: new Map(),
  doubtful: new Set(),
  queued: new Set(),
});

/** A journal in memory. `step` is awaited before each record becomes durable: it may fail, or never resolve. */
export class MemoryJournal implements TaskJournal {
  readonly records: { readonly type: string; readonly key: string }[] = [];
  readonly #durable: Durable;
  readonly #step: (type: string, key: string) => Promise<void>;

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

  async queued(key: string): Promise<void> {
    await this.#begin('queued', key);
    this.#durable.queued.add(key);
  }

  wasQueued(key: string): boolean {
    return this.#durable.queued.has(key);
  }

  async intend(key: string, attempts: number, wasInDoubt = false): Promise<void> {
    await this.#begin('intend', key);
    const { progress, before, doubtful } = this.#durable;
    const { state } = this.progressOf(key);
    if (state !== 'submitted') before.set(key, state);
    if (wasInDoubt || state === 'in-doubt') doubtful.add(key);
    progress.set(key, { state: 'in-doubt', attempts });
  }

  refused(key: string): void {
    this.records.push({ type: 'refused', key });
    const { progress, before, doubtful, rows } = this.#durable;
    if (this.progressOf(key).state !== 'in-doubt' || before.get(key) === 'in-doubt') return;
    doubtful.delete(key);
    const row = rows.get(key);
    progress.set(key, row === undefined ? { state: 'new' } : progressOfRow(row));
  }

  async submitted(key: string, captchaId: string, submittedAt: number): Promise<void> {
    await this.#begin('submitted', key);
    const { progress, doubtful } = this.#durable;
    const now = this.progressOf(key);
    const attempts = 'attempts' in now ? now.attempts : 0;
    const wasInDoubt = doubtful.has(key) && ({ wasInDoubt: true } as const);
    progress.set(key, { state: 'submitted', attempts, captchaId, submittedAt, ...wasInDoubt });
  }

  async finished(task: FinishedTask): Promise<void> {
    await this.#begin('finished', task.key);
    const { progress, rows, before, doubtful, queued } = this.#durable;
    progress.set(task.key, progressOfRow(task));
    queued.delete(task.key);
    before.delete(task.key);
    doubtful.delete(task.key);
    rows.delete(task.key);
    rows.set(task.key, task);
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

function progressOfRow({ status, expiresAt }: FinishedTask): TaskProgress {
  return status === 'solved' ? { state: 'solved', expiresAt } : { state: 'failed' };
}
