import { fstatSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { UsageError } from '../../domain/errors.ts';
import { readReasonOf } from './system-error.ts';

/** The part of `process.stdin` that is used here. */
export interface InputStream extends AsyncIterable<Uint8Array> {
  readonly isTTY?: boolean;
}

/** Default size limit: larger inputs (a device, a video) are mistakes. */
const maxSize = 16 * 1024 * 1024;
const mib = 1024 * 1024;

async function readAll(chunks: AsyncIterable<Uint8Array>, name: string, maxBytes: number): Promise<Uint8Array> {
  const read: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    read.push(chunk);
    size += chunk.length;
    if (size > maxBytes) throw new UsageError(`${name} is larger than ${Math.floor(maxBytes / mib)} MiB`);
  }
  return Buffer.concat(read);
}

/** The content of a file, or of `stdin` for `-`. Throws `UsageError` for a missing, unreadable or too large input. */
export async function readInput(path: string, stdin: InputStream, maxBytes = maxSize): Promise<Uint8Array> {
  if (path === '-' && stdin.isTTY === true) {
    throw new UsageError('- means standard input, but standard input is a terminal', 'pipe a file into the command');
  }
  if (path === '-') return readAll(stdin, 'standard input', maxBytes);
  try {
    const file = await open(path);
    return await readAll(file.createReadStream(), path, maxBytes);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const reason = readReasonOf(error) ?? `cannot be read (${error instanceof Error ? error.message : String(error)})`;
    throw new UsageError(`${path}: ${reason}`);
  }
}

/**
 * True if output to a descriptor is discarded. Node opens the null device for a standard stream that was closed at the
 * start, so the two look the same. Always false on Windows, where the null device cannot be compared.
 */
export function isNullDevice(descriptor: number): boolean {
  try {
    const found = fstatSync(descriptor);
    return found.isCharacterDevice() && found.rdev === statSync('/dev/null').rdev;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EBADF';
  }
}
