import { readFile } from 'node:fs/promises';
import { UsageError } from '../../domain/usage-error.ts';

/** The part of `process.stdin` that is used here. */
export interface InputStream extends AsyncIterable<Uint8Array> {
  readonly isTTY?: boolean;
}

async function readStream(stdin: InputStream): Promise<Uint8Array> {
  if (stdin.isTTY === true)
    throw new UsageError('- reads standard input, which is a terminal here', 'pipe a file into it');
  const chunks: Uint8Array[] = [];
  for await (const chunk of stdin) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The content of a file, or of `stdin` for `-`. Throws `UsageError` for what is not there or may not be read. */
export async function readInput(path: string, stdin: InputStream): Promise<Uint8Array> {
  if (path === '-') return readStream(stdin);
  try {
    return await readFile(path);
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
