import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { StateLogError } from '../../domain/errors.ts';
import type { Logged, LogState } from '../../ports/state.ts';
import {
  checkGenerationSize,
  damagedLog,
  type GenerationHeader,
  generationPath,
  generationsIn,
  type LogLine,
  logVersion,
  readSealed,
} from './generations.ts';

const newline = 0x0a;

function* linesOf(bytes: Buffer): Generator<object> {
  let from = 0;
  for (let to = bytes.indexOf(newline); to !== -1; to = bytes.indexOf(newline, from)) {
    const line = to > from ? readSealed(bytes.subarray(from, to)) : null;
    if (line !== null) yield line;
    from = to + 1;
  }
}

/** Null if it was removed meanwhile. Throws `StateLogError` for a file that is too large to be a log. */
function contentOf(path: string): Buffer | null {
  try {
    checkGenerationSize(dirname(path), statSync(path).size);
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

interface Happened<Entry, Answer> {
  readonly logged: Logged<Entry>;
  readonly answer: Answer;
}

function* readGeneration<Entry, Answer>(
  path: string,
  state: LogState<Entry, Answer>,
): Generator<Happened<Entry, Answer>> {
  const content = contentOf(path);
  if (content === null) return;
  const [header, ...lines] = linesOf(content);
  const { version, state: begun } = (header ?? {}) as Partial<GenerationHeader>;
  if (version !== logVersion || begun === undefined) throw damagedLog(dirname(path));
  state.restore(begun);
  for (const { at, by, entry, writer, sealed } of lines as readonly LogLine<Entry>[]) {
    if (sealed === true) return;
    if (entry === undefined) continue;
    const logged = { entry, atMs: at, by, ...(writer !== undefined && { writer }) };
    yield { logged, answer: state.apply(logged) };
  }
}

const numbersIn = (folder: string): readonly number[] => (existsSync(folder) ? generationsIn(folder) : []);

/**
 * Yields all stored entries, oldest first, with their answers. At each of them `state` is the state at that time. Damaged
 * files are passed over; at the newest one it throws `StateLogError`, as every process that opens the log does.
 */
export function* readHistory<Entry, Answer>(
  folder: string,
  state: LogState<Entry, Answer>,
): Generator<Happened<Entry, Answer>> {
  const generations = numbersIn(folder);
  for (const generation of generations) {
    try {
      yield* readGeneration(generationPath(folder, generation), state);
    } catch (error) {
      if (!(error instanceof StateLogError) || generation === generations.at(-1)) throw error;
    }
  }
}

/** Brings `state` up to date with the log; without a log it does not change. Throws `StateLogError` for a damaged log. */
export function readPresent<Entry, Answer>(folder: string, state: LogState<Entry, Answer>): void {
  const newest = numbersIn(folder).at(-1);
  if (newest !== undefined) Array.from(readGeneration(generationPath(folder, newest), state));
}
