import type { FileHandle } from 'node:fs/promises';
import { JournalLostError } from '../../../domain/errors.ts';
import { withPath } from '../../system/system-error.ts';

/** The part of a file, opened for appending, that is used here. */
export type LogFile = Pick<FileHandle, 'write' | 'datasync' | 'truncate'>;

export interface LogPlace {
  /** Names the file in errors. */
  readonly path: string;
  /** The length of the file, all of it durable. */
  readonly end: number;
  /** Throws where the file is not this process's alone any more; `end` is how long it must be, null while it is written. */
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
 * Appends lines durably, by group commit: while one batch is on its way to the disk the next one gathers, and each
 * costs one write and one fdatasync, however many lines it has.
 *
 * A line is acknowledged only if the file is still this process's alone after it became durable.
 *
 * After an error nothing more is written: every append, waiting or later, is rejected with it, and the file is cut back
 * to what is durable. Trying fdatasync again would not help: Linux forgets the pages that it failed to write.
 */
export class AppendLog {
  readonly #file: LogFile;
  readonly #path: string;
  readonly #check: (end: number | null) => void;
  #durableEnd: number;
  #end: number;
  #waiting: Waiter[] = [];
  #writing: Promise<void> | null = null;
  /** Why nothing can be appended any more. */
  #ended: { readonly error: unknown } | null = null;

  constructor(file: LogFile, { path, end, check = () => undefined }: LogPlace) {
    this.#file = file;
    this.#path = path;
    this.#check = check;
    this.#durableEnd = end;
    this.#end = end;
  }

  /** The length of what is durable. */
  get durableEnd(): number {
    return this.#durableEnd;
  }

  /**
   * Resolves once the line is durable, and `onDurable` has been told its offset. Lines become durable in the order of the
   * calls.
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

  /** Waits for what was appended and takes no more. Throws what kept anything from being written. */
  async close(): Promise<void> {
    await this.#writing;
    if (this.#ended !== null) throw this.#ended.error;
    this.#ended = { error: new Error('the journal is closed') };
  }

  async #write(): Promise<void> {
    // What is appended in the same turn belongs to the same batch.
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
    // After it is durable: another process that takes the file over from now on reads what was written here.
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
      // Another process's lines may stand behind.
      this.#check(null);
      await this.#file.truncate(this.#durableEnd);
      await this.#file.datasync();
    } catch {
      // The disk takes nothing at all, or the file is another's. What was not acknowledged may be there, torn: the next run
      // reads over it.
    }
  }
}
