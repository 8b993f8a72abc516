import type { FileHandle } from 'node:fs/promises';
import { UsageError } from '../../../domain/errors.ts';
import { isSealed } from '../../state/sealed-line.ts';
import { decodeAccount, decodeHeader, type JournalHeader } from './journal-header.ts';
import { type Line, readLines } from './read-lines.ts';
import { decodeStep } from './step.ts';
import type { TaskStates } from './task-states.ts';

export interface Replayed {
  /** With the account id that was recorded last. */
  readonly header: JournalHeader;
  /** End of the last complete record: the rest was being written when its process ended, and was never acknowledged. */
  readonly end: number;
}

/** Processes line after line. A damaged last line is torn; a damaged line before that is an error. */
class Reader {
  readonly #path: string;
  readonly #states: TaskStates;
  #header: JournalHeader | null = null;
  #lineNumber = 0;
  #end = 0;
  #isTorn = false;

  constructor(path: string, states: TaskStates) {
    this.#path = path;
    this.#states = states;
  }

  take(line: Line): void {
    if (this.#isTorn) this.#refuseDamage();
    this.#lineNumber++;
    if (this.#header === null) this.#header = decodeHeader(line.bytes, this.#path);
    else if (line.isWhole && isSealed(line.bytes)) this.#takeRecord(line, this.#header);
    else this.#isTorn = true;
    if (!this.#isTorn) this.#end = line.at + line.bytes.length + 1;
  }

  result(): Replayed {
    return { header: this.#header ?? decodeHeader(Buffer.alloc(0), this.#path), end: this.#end };
  }

  #takeRecord({ bytes, at }: Line, header: JournalHeader): void {
    const accountId = decodeAccount(bytes);
    if (accountId !== null) {
      this.#header = { ...header, accountId };
      return;
    }
    const step = decodeStep(bytes);
    if (step === null) {
      throw new UsageError(
        `line ${this.#lineNumber} of the journal ${this.#path} has a record that this version of captcha does not support`,
        'use the version that wrote it, or start over with --fresh',
      );
    }
    this.#states.apply(step, at);
  }

  #refuseDamage(): never {
    throw new UsageError(
      `line ${this.#lineNumber} of the journal ${this.#path} is damaged, with records after it`,
      `restore the file; or keep the lines before it (head -n ${this.#lineNumber - 1}) and pay again for the tasks after it; or start over with --fresh`,
    );
  }
}

/**
 * Reads a journal of `length` bytes into `states`. Throws `UsageError` with the line number for invalid records and for
 * records of a later version.
 */
export async function replay(
  file: FileHandle,
  { path, length }: { path: string; length: number },
  states: TaskStates,
): Promise<Replayed> {
  const reader = new Reader(path, states);
  for await (const lines of readLines(file, { from: 0, to: length })) {
    for (const line of lines) reader.take(line);
  }
  return reader.result();
}
