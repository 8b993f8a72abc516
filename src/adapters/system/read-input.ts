import { open } from 'node:fs/promises';
import { UsageError } from '../../domain/usage-error.ts';

/** The part of `process.stdin` that is used here. */
export interface InputStream extends AsyncIterable<Uint8Array> {
  readonly isTTY?: boolean;
}

/** No service takes an image that is nearly as large; what is larger (a device, a film) is a mistake. */
const largestBytes = 16 * 1024 * 1024;

async function readAll(chunks: AsyncIterable<Uint8Array>, name: string): Promise<Uint8Array> {
  const read: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    read.push(chunk);
    size += chunk.length;
    if (size > largestBytes) throw new UsageError(`${name} is larger than ${largestBytes / 1024 / 1024} MiB`);
  }
  return Buffer.concat(read);
}

/** The content of a file, or of `stdin` for `-`. Throws `UsageError` for what is not there or may not be read. */
export async function readInput(path: string, stdin: InputStream): Promise<Uint8Array> {
  if (path === '-' && stdin.isTTY === true) {
    throw new UsageError('- reads standard input, which is a terminal here', 'pipe a file into it');
  }
  if (path === '-') return readAll(stdin, 'standard input');
  try {
    const file = await open(path);
    return await readAll(file.createReadStream(), path);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
