import type { LoggedSolveTime, SolveTimeLog } from '../../ports/state.ts';
import { appendLines, joinedLines, linesIn, removeAbandoned, UntilFailure } from './line-file.ts';
import { openedSeal, sealLine } from './sealed-line.ts';
import { readOwnFile, replaceFile, serviceFile, servicesFolder } from './service-file.ts';

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

const timesIn = (bytes: Buffer): readonly LoggedSolveTime[] =>
  [...linesIn(bytes)].flatMap((line) => timeOf(line) ?? []);

function encoded(times: readonly LoggedSolveTime[]): Buffer {
  const lines = times.map(({ method, time: { notReadyMs, readyMs } }) =>
    sealLine({ m: method, t: [Math.round(notReadyMs), Math.round(readyMs)] } satisfies Line),
  );
  return joinedLines(lines.filter(({ length }) => length <= maxLineBytes));
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
  /** After the first failure nothing is stored or read any more. */
  readonly #untilFailure: UntilFailure;
  /** Lines in the file beyond those that are kept, as far as this process knows. */
  #spareLines = 0;

  constructor(options: SolveTimeFileOptions) {
    this.#options = options;
    this.#untilFailure = new UntilFailure(options.onUnavailable);
    this.#folder = servicesFolder(options.stateFolder);
    this.#path = serviceFile(options.stateFolder, options.baseUrl, 'log');
  }

  read(): readonly LoggedSolveTime[] {
    return this.#untilFailure.run(() => this.#readLatest(), []);
  }

  append(times: readonly LoggedSolveTime[]): void {
    this.#untilFailure.run(() => this.#append(latestOf(times, this.#options.keptPerMethod)), undefined);
  }

  #readLatest(): readonly LoggedSolveTime[] {
    const bytes = readOwnFile(this.#path, maxBytes)?.bytes ?? Buffer.alloc(0);
    const times = timesIn(bytes);
    const latest = latestOf(times, this.#options.keptPerMethod);
    this.#spareLines = bytes.length < maxBytes ? times.length - latest.length : Infinity;
    return latest;
  }

  #append(times: readonly LoggedSolveTime[]): void {
    appendLines(this.#path, encoded(times));
    this.#spareLines += times.length;
    if (this.#spareLines > maxSpareLines) this.#compact();
  }

  #compact(): void {
    const latest = this.#readLatest();
    this.#spareLines = 0;
    replaceFile(this.#path, encoded(latest));
    removeAbandoned(this.#folder);
  }
}
