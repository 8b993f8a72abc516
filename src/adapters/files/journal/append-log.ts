import type { FileHandle } from 'node:fs/promises';
import { JournalLostError } from '../../../domain/errors.ts';
import { withPath } from '../../system/system-error.ts';

/** The part of `FileHandle` that is used here: a file opened for appending. */
export type LogFile = Pick<FileHandle, 'write' | 'datasync' | 'truncate'>;

export interface LogPlace {
  /** The file's path, for errors. */
  readonly path: string;
  /** Length of the file; all of it is durable. */
  readonly end: number;
  /** Throws if another process uses the file. `end` is the length that the file must have; null during a write. */
  readonly check?: (end: number | null) => void;
}

interface Waiter {
  readonly line: Buffer;
  readonly at: number;
  readonly onDurable: (at: number) => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

async function writeFully(file: LogFile, bytes: Buffer): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await file.write(bytes, done, bytes.length - done)).bytesWritten;
  }
}

/**
 * Appends lines durably by group commit: lines that arrive during a write form the next batch, and each batch costs one
 * write and one fdatasync.
 *
 * A line is acknowledged only if the file still belonged to this process after the line became durable.
 *
 * After an error nothing more is written: all waiting and later appends reject with that error, and the file is
 * truncated to its durable length. Repeating fdatasync would not help: Linux drops the pages that it failed to write.
 */
export class AppendLog {
  readonly #file: LogFile;
  readonly #path: string;
  readonly #check: (end: number | null) => void;
  #durableEnd: number;
  #end: number;
  #waiting: Waiter[] = [];
  #writing: Promise<void> | null = null;
  /** The error after which nothing can be appended. */
  #ended: { readonly error: unknown } | null = null;

  constructor(file: LogFile, { path, end, check = () => undefined }: LogPlace) {
    this.#file = file;
    this.#path = path;
    this.#check = check;
    this.#durableEnd = end;
    this.#end = end;
  }

  /** Length of the durable part. */
  get durableEnd(): number {
    return this.#durableEnd;
  }

  /**
   * Resolves once the line is durable and `onDurable` was called with its offset. Lines become durable in call order.
   */
  append(line: Buffer, onDurable: (at: number) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== null) throw this.#ended.error;
      const at = this.#end;
      this.#end += line.length;
      this.#waiting.push({ line, at, onDurable, resolve, reject });
      this.#writing ??= this.#write();
    });
  }

  /** Waits for pending appends and accepts no more. Throws the error that prevented a write. */
  async close(): Promise<void> {
    await this.#writing;
    if (this.#ended !== null) throw this.#ended.error;
    this.#ended = { error: new Error('the journal is closed') };
  }

  async #write(): Promise<void> {
    // All lines appended in the same turn join the batch.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#commit(Buffer.concat(batch.map(({ line }) => line)));
        for (const { at, onDurable, resolve } of batch) {
          onDurable(at);
          resolve();
        }
      } catch (error) {
        await this.#fail(withPath(error, this.#path), batch);
      }
    }
    this.#writing = null;
  }

  async #commit(bytes: Buffer): Promise<void> {
    await writeFully(this.#file, bytes);
    await this.#file.datasync();
    // After the line is durable: a process that takes the file over from now on will read it.
    this.#check(this.#durableEnd + bytes.length);
    this.#durableEnd += bytes.length;
  }

  async #fail(error: unknown, batch: readonly Waiter[]): Promise<void> {
    this.#ended = { error };
    if (!(error instanceof JournalLostError)) await this.#cutBack();
    for (const { reject } of [...batch, ...this.#waiting.splice(0)]) reject(error);
  }

  async #cutBack(): Promise<void> {
    try {
      // Lines of another process may follow.
      this.#check(null);
      await this.#file.truncate(this.#durableEnd);
      await this.#file.datasync();
    } catch {
      // The disk accepts nothing, or the file belongs to another process. Unacknowledged lines may remain, torn: the
      // next run skips them.
    }
  }
}
