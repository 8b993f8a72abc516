import { linkSync, readdirSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { processId } from './process-identity.ts';
import { openedSeal, sealLine } from './sealed-line.ts';

/** One line of a log: an entry, or the seal, after which nothing counts. */
export interface LogLine<Entry> {
  /** On the clock of the host. */
  readonly at: number;
  readonly by: string;
  /** Counts what `by` has written. */
  readonly n: number;
  readonly entry?: Entry;
  readonly sealed?: true;
}

/** What a line says; null where it is torn or was never a line of a log. */
export function readSealed(line: Buffer): object | null {
  const open = openedSeal(line);
  return open === null ? null : (JSON.parse(`${open}}`) as object);
}

/** Lines as they are appended: the newline in front ends what a full disk may have torn. */
export function encodeLines(lines: readonly LogLine<unknown>[]): Buffer {
  return Buffer.from(lines.map((line) => `\n${sealLine(line).toString()}`).join(''));
}

/** What a generation begins with: the state in which the one before it was sealed. */
export interface GenerationHeader {
  readonly version: number;
  readonly generation: number;
  readonly state: object;
}

/** Raised with every change of what entries or states mean. */
export const logVersion = 1;

/** So many sealed generations are kept, for the audit. */
const keptGenerations = 32;
/** Nobody takes so long to write a header. */
const abandonedAfterMs = 60_000;

let temporaryCount = 0;

export const generationPath = (folder: string, generation: number): string => join(folder, `${generation}.log`);

/** The numbers of the generations in a folder, the oldest first. */
export function generationsIn(folder: string): readonly number[] {
  return readdirSync(folder)
    .flatMap((name) => (/^\d+\.log$/.test(name) ? [Number.parseInt(name, 10)] : []))
    .sort((a, b) => a - b);
}

/** Publishes a complete header under its name, or finds that somebody else has: it is the same one. */
export function createGeneration(folder: string, header: GenerationHeader): void {
  temporaryCount += 1;
  const temporary = join(folder, `.${processId}.${temporaryCount}.tmp`);
  writeFileSync(temporary, sealLine(header), { mode: 0o600, flag: 'wx' });
  try {
    linkSync(temporary, generationPath(folder, header.generation));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    unlinkSync(temporary);
  }
}

/** Removes generations that nobody asks for any more, and what killed processes have left. The newest one stays. */
export function prune(folder: string): void {
  for (const generation of generationsIn(folder).slice(0, -keptGenerations - 1)) {
    rmSync(generationPath(folder, generation), { force: true });
  }
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.tmp'))) {
    const writtenAt = statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? Infinity;
    if (Date.now() - writtenAt > abandonedAfterMs) rmSync(join(folder, name), { force: true });
  }
}
