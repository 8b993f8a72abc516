import { closeSync, constants, fstatSync, openSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StateLogError } from '../../domain/errors.ts';
import { prepareFolder } from './log-folder.ts';
import { isFileError, safely } from './service-file.ts';

/** Age at which the temporary file of a killed process is removed. */
const abandonedAfterMs = 60_000;
const appending = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | safely;

/** Lines as appended. The leading newline ends a line that a full disk or a killed process cut off. */
export const joinedLines = (lines: readonly Buffer[]): Buffer => Buffer.concat([Buffer.from('\n'), ...lines]);

/** The complete lines, without their ends; empty ones are left out. */
export function* linesIn(bytes: Buffer): Generator<Buffer> {
  let from = 0;
  for (let to = bytes.indexOf('\n'); to !== -1; to = bytes.indexOf('\n', from)) {
    if (to > from) yield bytes.subarray(from, to);
    from = to + 1;
  }
}

/** Appends with one write(2), and creates file and folder if needed. Returns the earlier size in bytes. */
export function appendLines(path: string, lines: Buffer): number {
  prepareFolder(dirname(path));
  const fd = openSync(path, appending, 0o600);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new StateLogError(`${path} is not a file`);
    writeSync(fd, lines);
    return stats.size;
  } finally {
    closeSync(fd);
  }
}

/** Removes what killed processes left of `replaceFile`. */
export function removeAbandoned(folder: string): void {
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.tmp'))) {
    const writtenAt = statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? Infinity;
    if (Date.now() - writtenAt > abandonedAfterMs) rmSync(join(folder, name), { force: true });
  }
}

/** Works on files until the first failure of the file system, which is reported once. */
export class UntilFailure {
  readonly #onFailure: (message: string) => void;
  #hasFailed = false;

  constructor(onFailure: (message: string) => void) {
    this.#onFailure = onFailure;
  }

  run<T>(work: () => T, otherwise: T): T {
    if (this.#hasFailed) return otherwise;
    try {
      return work();
    } catch (error) {
      if (!isFileError(error)) throw error;
      this.#hasFailed = true;
      this.#onFailure(error instanceof Error ? error.message : '');
      return otherwise;
    }
  }
}
