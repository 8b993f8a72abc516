import { linkSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StateLogError } from '../../domain/errors.ts';
import type { LogWriter } from '../../ports/state.ts';
import { processId } from './process-identity.ts';
import { openedSeal, sealLine } from './sealed-line.ts';

/** One line of a log: an entry, or the seal, which ends the file. */
export interface LogLine<Entry> {
  /** Time on the host's clock, in ms. */
  readonly at: number;
  readonly by: string;
  /** Number of the line among the lines of `by`. */
  readonly n: number;
  readonly entry?: Entry;
  /** The writer, for the audit; left out by earlier versions. */
  readonly writer?: LogWriter;
  readonly sealed?: true;
}

/**
 * An entry of a kind that earlier versions do not know is the member `later` of its line in place of `entry`: they pass over
 * lines without `entry`.
 */
const isLater = (entry: unknown): boolean => typeof entry === 'object' && entry !== null && 'since' in entry;

/** The content of a line; null if it is torn or not a log line. */
export function readSealed(line: Buffer): object | null {
  const open = openedSeal(line);
  if (open === null) return null;
  const content = JSON.parse(`${open}}`) as object;
  return 'later' in content ? { ...content, entry: content.later } : content;
}

/** Encodes lines for appending. The leading newline ends a line that a full disk may have torn. */
export function encodeLines(lines: readonly LogLine<unknown>[]): Buffer {
  const written = lines.map((line) => (isLater(line.entry) ? { ...line, entry: undefined, later: line.entry } : line));
  return Buffer.from(written.map((line) => `\n${sealLine(line).toString()}`).join(''));
}

/** The start of a generation: the state in which the previous one was sealed. */
export interface GenerationHeader {
  readonly version: number;
  readonly generation: number;
  readonly state: object;
}

/** Increased with every change to the meaning of entries or states. */
export const logVersion = 1;

/** Number of sealed generations kept for the audit. */
const keptGenerations = 32;
/** Writing a header never takes this long. */
const abandonedAfterMs = 60_000;

/** A file is sealed long before. */
const maxGenerationBytes = 64 * 1024 * 1024;

/** The error for a file whose first line is not a header of this version. */
export function damagedLog(folder: string): StateLogError {
  return new StateLogError(`${folder}: the log is damaged or has another version`);
}

/** Throws `StateLogError` for a file that is too large to be a log: it is not read. */
export function checkGenerationSize(folder: string, bytes: number): void {
  if (bytes <= maxGenerationBytes) return;
  throw new StateLogError(`${folder}: a file of the log is larger than ${maxGenerationBytes / 1024 / 1024} MiB`);
}

let temporaryCount = 0;

export const generationPath = (folder: string, generation: number): string => join(folder, `${generation}.log`);

/** The generation numbers in a folder, oldest first. */
export function generationsIn(folder: string): readonly number[] {
  return readdirSync(folder)
    .flatMap((name) => (/^\d+\.log$/.test(name) ? [Number.parseInt(name, 10)] : []))
    .sort((a, b) => a - b);
}

/** Publishes a complete header under its name. If another process was faster, its header is identical. */
export function createGeneration(folder: string, header: GenerationHeader): void {
  temporaryCount += 1;
  const temporary = join(folder, `.${processId}.${temporaryCount}.tmp`);
  try {
    writeFileSync(temporary, sealLine(header), { mode: 0o600, flag: 'wx' });
    linkSync(temporary, generationPath(folder, header.generation));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    // A full disk may have kept part of it, or nothing.
    rmSync(temporary, { force: true });
  }
}

/** Removes old generations and files left by killed processes. The newest generation stays. */
export function prune(folder: string): void {
  for (const generation of generationsIn(folder).slice(0, -keptGenerations - 1)) {
    rmSync(generationPath(folder, generation), { force: true });
  }
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.tmp'))) {
    const writtenAt = statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? Infinity;
    if (Date.now() - writtenAt > abandonedAfterMs) rmSync(join(folder, name), { force: true });
  }
}
