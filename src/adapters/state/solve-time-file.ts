import { closeSync, constants, fstatSync, openSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { StateLogError } from '../../domain/errors.ts';
import type { LoggedSolveTime, SolveTimeLog } from '../../ports/state.ts';
import { prepareFolder } from './log-folder.ts';
import { openedSeal, sealLine } from './sealed-line.ts';
import { isFileError, readOwnFile, replaceFile, safely, serviceFile, servicesFolder } from './service-file.ts';

export interface SolveTimeFileOptions {
  /** Where this user's state is kept. */
  readonly stateFolder: string;
  readonly baseUrl: string;
  /** Samples kept per method. */
  readonly keptPerMethod: number;
  /** Called once, with the reason, if the file cannot be used. */
  readonly onUnavailable: (message: string) => void;
}

/** One line of the file without its seal: the method, and the ages at which a task was last not ready and first ready. */
interface Line {
  readonly m: string;
  readonly t: readonly [notReadyMs: number, readyMs: number];
}

/** Maximum number of methods; the most recent ones are kept. */
const keptMethods = 32;
/** The file is compacted when it has this many lines more than are kept. */
const maxSpareLines = 128;
/** Maximum number of bytes read, from the end: twice the size of the lines of 32 methods. */
const maxBytes = 262_144;
/** Maximum length of a line; longer method names are not stored. */
const maxLineBytes = 512;
/** Ages beyond this are invalid. */
const maxAgeMs = 86_400_000;
/** Age at which the temporary file of a killed process is removed. */
const abandonedAfterMs = 60_000;
const appending = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | safely;

function isLine(value: unknown): value is Line {
  const { m, t } = value as Partial<Line>;
  if (typeof m !== 'string' || !Array.isArray(t)) return false;
  const [notReadyMs, readyMs] = t as readonly unknown[];
  if (typeof notReadyMs !== 'number' || typeof readyMs !== 'number') return false;
  return notReadyMs >= 0 && readyMs >= notReadyMs && readyMs <= maxAgeMs;
}

function timeOf(line: Buffer): LoggedSolveTime | null {
  const open = line.length > maxLineBytes ? null : openedSeal(line);
  if (open === null) return null;
  try {
    const value: unknown = JSON.parse(`${open}}`);
    if (!isLine(value)) return null;
    const [notReadyMs, readyMs] = value.t;
    return { method: value.m, time: { notReadyMs, readyMs } };
  } catch {
    // The checksum is right but the text is not JSON: another program wrote it.
    return null;
  }
}

function timesIn(bytes: Buffer): readonly LoggedSolveTime[] {
  const times: LoggedSolveTime[] = [];
  let from = 0;
  for (let to = bytes.indexOf('\n'); to !== -1; to = bytes.indexOf('\n', from)) {
    const time = to > from ? timeOf(bytes.subarray(from, to)) : null;
    if (time !== null) times.push(time);
    from = to + 1;
  }
  return times;
}

/** Lines as appended. The leading newline ends a line that a full disk or a killed process cut off. */
function encoded(times: readonly LoggedSolveTime[]): Buffer {
  const lines = times.map(({ method, time: { notReadyMs, readyMs } }) =>
    sealLine({ m: method, t: [Math.round(notReadyMs), Math.round(readyMs)] } satisfies Line),
  );
  return Buffer.concat([Buffer.from('\n'), ...lines.filter(({ length }) => length <= maxLineBytes)]);
}

/** The latest samples of each method, in file order. */
function latestOf(times: readonly LoggedSolveTime[], keptPerMethod: number): readonly LoggedSolveTime[] {
  const counts = new Map<string, number>();
  const latestFirst = times.toReversed().filter(({ method }) => {
    const count = counts.get(method) ?? 0;
    if (count === 0 && counts.size === keptMethods) return false;
    counts.set(method, count + 1);
    return count < keptPerMethod;
  });
  return latestFirst.toReversed();
}

/**
 * The solve times of one service in a file. Any number of processes of one user append to it without a lock: one write(2)
 * for several lines, each with a checksum. A long file is compacted into a new file that replaces it by rename. Lines
 * appended to the old file in that time are lost, like lines that were cut off. This costs samples and nothing else.
 */
export class SolveTimeFile implements SolveTimeLog {
  readonly #options: SolveTimeFileOptions;
  readonly #folder: string;
  readonly #path: string;
  #isAvailable = true;
  /** Lines in the file beyond those that are kept, as far as this process knows. */
  #spareLines = 0;

  constructor(options: SolveTimeFileOptions) {
    this.#options = options;
    this.#folder = servicesFolder(options.stateFolder);
    this.#path = serviceFile(options.stateFolder, options.baseUrl, 'log');
  }

  read(): readonly LoggedSolveTime[] {
    return this.#orNothing(() => this.#readLatest(), []);
  }

  append(times: readonly LoggedSolveTime[]): void {
    this.#orNothing(() => this.#append(latestOf(times, this.#options.keptPerMethod)), undefined);
  }

  #readLatest(): readonly LoggedSolveTime[] {
    const bytes = readOwnFile(this.#path, maxBytes)?.bytes ?? Buffer.alloc(0);
    const times = timesIn(bytes);
    const latest = latestOf(times, this.#options.keptPerMethod);
    this.#spareLines = bytes.length < maxBytes ? times.length - latest.length : Infinity;
    return latest;
  }

  #append(times: readonly LoggedSolveTime[]): void {
    prepareFolder(this.#folder);
    const fd = openSync(this.#path, appending, 0o600);
    try {
      if (!fstatSync(fd).isFile()) throw new StateLogError(`${this.#path} is not a file`);
      writeSync(fd, encoded(times));
    } finally {
      closeSync(fd);
    }
    this.#spareLines += times.length;
    if (this.#spareLines > maxSpareLines) this.#compact();
  }

  #compact(): void {
    const latest = this.#readLatest();
    this.#spareLines = 0;
    replaceFile(this.#path, encoded(latest));
    for (const name of readdirSync(this.#folder).filter((each) => each.endsWith('.tmp'))) {
      const writtenAt = statSync(join(this.#folder, name), { throwIfNoEntry: false })?.mtimeMs ?? Infinity;
      if (Date.now() - writtenAt > abandonedAfterMs) rmSync(join(this.#folder, name), { force: true });
    }
  }

  /** After the first failure the file is not used again: this process keeps its own samples. */
  #orNothing<T>(work: () => T, nothing: T): T {
    if (!this.#isAvailable) return nothing;
    try {
      return work();
    } catch (error) {
      if (!isFileError(error)) throw error;
      this.#isAvailable = false;
      this.#options.onUnavailable(error instanceof Error ? error.message : '');
      return nothing;
    }
  }
}
