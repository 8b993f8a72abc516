import type { FileHandle } from 'node:fs/promises';
import { shellQuoted } from '../../../domain/shell-word.ts';
import type { FinishedTask, TaskJournal, TaskProgress } from '../../../ports/files.ts';
import type { AppendLog } from './append-log.ts';
import { encodeAccount, type JournalHeader } from './journal-header.ts';
import { readLineAt, readLines } from './read-lines.ts';
import { decodeFinished, encodeStep, finishedKeyIn, type Step } from './step.ts';
import type { JournalCounts, TaskStates } from './task-states.ts';

/** How a journal was opened. */
export interface JournalOrigin {
  /** The header in the file: for a resumed journal, the header of its first run. */
  readonly header: JournalHeader;
  readonly isResumed: boolean;
  /** New name of the previous journal after a fresh start; null if there was none. */
  readonly keptAs: string | null;
}

/** The open and locked journal of this run. */
export interface OpenJournal extends TaskJournal, JournalOrigin {
  /** Counts of the durable records. */
  counts(): JournalCounts;
  /** True if the journal has records of the task. It has some for at least one row of the input that it belongs to. */
  hasKey(key: string): boolean;
  /** A number that grows with every row of the task; 0 without a row. */
  generationOf(key: string): number;
  /** Records that the run goes on with another API key, by its account id; nothing if it is the last one recorded. */
  continueWith(accountId: string): Promise<void>;
}

interface JournalParts {
  readonly file: FileHandle;
  readonly log: AppendLog;
  readonly states: TaskStates;
  readonly unlock: () => Promise<void>;
  /** Called with the accepted id that the journal could not store. */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/**
 * A journal in a JSON Lines file. Its answers reflect durable records only, never pending ones. A finished task that
 * starts over has no row until it is finished again.
 */
export class FileJournal implements OpenJournal {
  readonly header: JournalHeader;
  readonly isResumed: boolean;
  readonly keptAs: string | null;
  readonly #file: FileHandle;
  readonly #log: AppendLog;
  readonly #states: TaskStates;
  readonly #unlock: () => Promise<void>;
  readonly #onWarning: (message: string) => void;
  #accountId: string;
  #closing: Promise<void> | null = null;

  constructor({ file, log, states, unlock, onWarning }: JournalParts, { header, isResumed, keptAs }: JournalOrigin) {
    this.#file = file;
    this.#log = log;
    this.#states = states;
    this.#unlock = unlock;
    this.#onWarning = onWarning ?? (() => undefined);
    this.header = header;
    this.#accountId = header.accountId;
    this.isResumed = isResumed;
    this.keptAs = keptAs;
  }

  progressOf(key: string): TaskProgress {
    return this.#states.progressOf(key);
  }

  queued(key: string): Promise<void> {
    return this.#record({ type: 'queued', key });
  }

  wasQueued(key: string): boolean {
    return this.#states.wasQueued(key);
  }

  hasKey(key: string): boolean {
    return this.#states.has(key);
  }

  /** The offset of its latest row: a later row has a larger one. */
  generationOf(key: string): number {
    return this.#states.latestRowAt(key);
  }

  counts(): JournalCounts {
    return this.#states.counts();
  }

  intend(key: string, attempt: number, wasInDoubt = false): Promise<void> {
    return this.#record({ type: 'intent', key, attempt, wasInDoubt });
  }

  refused(key: string): void {
    // Nothing waits for this record. If it fails, all later records and `close` fail too.
    this.#record({ type: 'refused', key }).catch(() => undefined);
  }

  submitted(key: string, captchaId: string, submittedAt: number): Promise<void> {
    const recorded = this.#record({ type: 'submitted', key, captchaId, submittedAt });
    // The id is paid for, and no later run can know it.
    const fix = `captcha result ${shellQuoted(captchaId)}`;
    recorded.catch(() =>
      this.#onWarning(`id ${captchaId} was accepted but could not be written to the journal; to collect it: ${fix}`),
    );
    return recorded;
  }

  finished({ status, key, expiresAt, values }: FinishedTask): Promise<void> {
    return this.#record({ type: status, key, expiresAt }, values);
  }

  async continueWith(accountId: string): Promise<void> {
    if (accountId === this.#accountId) return;
    this.#accountId = accountId;
    await this.#log.append(encodeAccount(accountId), () => undefined);
  }

  async *finishedTasks(): AsyncGenerator<FinishedTask> {
    for await (const lines of readLines(this.#file, { from: 0, to: this.#log.durableEnd })) {
      for (const { bytes, at } of lines) {
        const key = finishedKeyIn(bytes);
        if (key !== null && this.#states.rowAt(key) === at) yield decodeFinished(bytes);
      }
    }
  }

  async rowOf(key: string): Promise<FinishedTask | null> {
    const at = this.#states.rowAt(key);
    if (at === null) return null;
    const line = await readLineAt(this.#file, { from: at, to: this.#log.durableEnd });
    return line === null ? null : decodeFinished(line);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.#log.close();
    } finally {
      await this.#file.close();
      await this.#unlock();
    }
  }

  #record(step: Step, row: FinishedTask['values'] | null = null): Promise<void> {
    return this.#log.append(encodeStep(step, row), (at) => this.#states.apply(step, at));
  }
}
