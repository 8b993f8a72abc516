import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openSource, type SourceOptions } from '../../../../src/adapters/files/input/open-source.ts';
import { UsageError } from '../../../../src/domain/errors.ts';
import type { BadRow, InputRow, TaskSource } from '../../../../src/ports/files.ts';

export interface ReadInput {
  readonly rows: readonly InputRow[];
  readonly bad: readonly BadRow[];
  /** Rows and invalid rows in order. */
  readonly all: readonly (InputRow | BadRow)[];
  readonly error: UsageError | null;
}

/** Arrives in chunks of the given sizes, repeatedly. */
export async function* inChunks(bytes: Uint8Array, sizes: readonly number[] = [64 * 1024]): AsyncGenerator<Uint8Array> {
  for (let start = 0, turn = 0; start < bytes.length; turn++) {
    const end = start + Math.max(1, sizes[turn % sizes.length] ?? 1);
    yield bytes.subarray(start, end);
    start = end;
  }
}

export function sourceOf(options: Partial<SourceOptions>): TaskSource {
  return openSource({
    path: '-',
    stdin: inChunks(new Uint8Array()),
    format: null,
    delimiter: null,
    encoding: null,
    columnNames: {},
    ignoredForKey: new Set(),
    ...options,
  });
}

/** The output of a source until it ends or throws a `UsageError`; other errors pass through. */
export async function readAll(source: TaskSource): Promise<ReadInput> {
  const all: (InputRow | BadRow)[] = [];
  let error: UsageError | null = null;
  try {
    for await (const row of source.records()) all.push(row);
  } catch (thrown) {
    if (!(thrown instanceof UsageError)) throw thrown;
    error = thrown;
  }
  const rows = all.filter((row) => row.type === 'row');
  return { rows, bad: all.filter((row) => row.type === 'bad'), all, error };
}

/** The content of standard input. */
export function readStdin(content: string | Uint8Array, options: Partial<SourceOptions> = {}): Promise<ReadInput> {
  return readAll(sourceOf({ stdin: inChunks(Buffer.from(content)), ...options }));
}

/** A file in its own folder, which is removed when the test ends. */
export async function fileWith(content: string | Uint8Array, name = 'tasks.csv'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'captcha-input-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

/** The values of rows as plain objects, for comparison. */
export function valuesOf(rows: readonly InputRow[]): Record<string, string>[] {
  return rows.map(({ values }) => ({ ...values }));
}
