import type { FileHandle } from 'node:fs/promises';
import { AppendLog } from '../../src/adapters/files/journal/append-log.ts';
import { FileJournal } from '../../src/adapters/files/journal/file-journal.ts';
import { encodeHeader, type JournalHeader } from '../../src/adapters/files/journal/journal-header.ts';
import { replay } from '../../src/adapters/files/journal/replay.ts';
import { TaskStates } from '../../src/adapters/files/journal/task-states.ts';
import type { Clock } from '../../src/ports/system.ts';
import type { SeededGenerator } from './seeded-generator.ts';
import type { CrashingProcess } from './crashing-process.ts';

export interface DiskHabits {
  /** Maximum time of making data durable, in ms. */
  readonly syncMs: number;
  /** The share of writes that find the disk full, 0..1. */
  readonly fullRatio: number;
}

export interface DiskParts {
  readonly habits: DiskHabits;
  readonly clock: Clock;
  readonly generator: SeededGenerator;
}

export const journalHeader: JournalHeader = {
  ...{ schemaVersion: 1, baseUrl: 'https://ocr.example.com', accountId: 'f00dcafe', input: '/data/in.csv' },
  ...{ columns: ['task_id'], columnNames: {}, createdAt: 0 },
};

/** A file with a journal that outlives its writers: a crash may tear data that is not durable. */
export class MemoryDisk {
  /** True if it is never full any more. */
  isWell = false;
  readonly #parts: DiskParts;
  #bytes: Buffer = encodeHeader(journalHeader);
  #durable = this.#bytes.length;

  constructor(parts: DiskParts) {
    this.#parts = parts;
  }

  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Number of occurrences of a text in the durable part. */
  count(text: string): number {
    return this.#bytes.toString('latin1', 0, this.#durable).split(text).length - 1;
  }

  /** Keeps a random part of the data that is not durable. Returns the number of lost bytes. */
  crash(): number {
    const length = this.#bytes.length;
    this.#durable = Math.min(length, this.#parts.generator.whole(this.#durable, length));
    this.#bytes = this.#bytes.subarray(0, this.#durable);
    return length - this.#durable;
  }

  /** The production journal on this file, opened by a process: the same as `openJournal`, without the lock. */
  async openJournal(process: CrashingProcess): Promise<FileJournal> {
    const file = this.#fileOf(process);
    const states = new TaskStates();
    const size = this.#bytes.length;
    const path = `the journal of ${process.name}`;
    const { header, end } = await replay(file, { path, length: size }, states);
    if (end < size) await file.truncate(end);
    await file.datasync();
    const parts = { file, states, log: new AppendLog(file, { path, end }), unlock: () => Promise.resolve() };
    return new FileJournal(parts, { header, isResumed: true, keptAs: null });
  }

  #fileOf(process: CrashingProcess): FileHandle {
    const file = {
      read: (into: Buffer, offset: number, length: number, position: number) =>
        process.take(() => ({ bytesRead: this.#bytes.copy(into, offset, position, position + length) })),
      write: (from: Buffer, offset: number, length: number) =>
        process.take(() => ({ bytesWritten: this.#write(from.subarray(offset, offset + length)) })),
      datasync: () => process.take(() => this.#sync()),
      truncate: (length: number) =>
        process.take(() => {
          this.#bytes = this.#bytes.subarray(0, length);
          this.#durable = Math.min(this.#durable, length);
        }),
      close: () => Promise.resolve(),
    };
    return file as unknown as FileHandle;
  }

  /** Short writes are legal, and a full disk accepts what still fits. */
  #write(bytes: Buffer): number {
    const { generator, habits } = this.#parts;
    const isFull = !this.isWell && generator.chance(habits.fullRatio);
    const isShort = isFull || generator.chance(0.05);
    const written = isShort ? generator.whole(isFull ? 0 : 1, bytes.length) : bytes.length;
    this.#bytes = Buffer.concat([this.#bytes, bytes.subarray(0, written)]);
    if (isFull) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    return written;
  }

  async #sync(): Promise<void> {
    const { generator, habits, clock } = this.#parts;
    const { length } = this.#bytes;
    await clock.sleep(generator.between(0, habits.syncMs));
    this.#durable = Math.max(this.#durable, Math.min(length, this.#bytes.length));
  }
}
