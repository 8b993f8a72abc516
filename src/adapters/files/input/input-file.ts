import { type BigIntStats, createReadStream, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { UsageError } from '../../../domain/errors.ts';
import { readReasonOf } from '../../system/system-error.ts';

/** The bytes of an input, and how to stop early. */
export interface OpenBytes {
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly close: () => Promise<void>;
}

/**
 * Chunk size. Node's default of 64 KiB is in use long enough to survive two collections of the young generation, and
 * then leaves up to 30 MiB of garbage.
 */
const chunkBytes = 16 * 1024;

function cannotRead(path: string, error: unknown): UsageError {
  return new UsageError(`${path}: ${readReasonOf(error) ?? `cannot be read (${(error as Error).message})`}`);
}

interface Stamp {
  readonly isRegular: boolean;
  /** Changes when the file is modified or replaced. */
  readonly version: string;
}

const versionOf = ({ ino, size, mtimeNs }: BigIntStats): string => `${ino} ${size} ${mtimeNs}`;

function stampOf(path: string): Stamp {
  try {
    const stats = statSync(path, { bigint: true });
    if (stats.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
    return { isRegular: stats.isFile(), version: versionOf(stats) };
  } catch (error) {
    throw cannotRead(path, error);
  }
}

/** Other errors are disk failures, which are not the user's mistake. */
function readFault(path: string, error: unknown): unknown {
  return readReasonOf(error) === null ? error : cannotRead(path, error);
}

async function* chunksOfPipe(path: string, stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* stream;
  } catch (error) {
    throw readFault(path, error);
  }
}

/** Throws if the file no longer has this version: the last chunk may then be torn. */
async function* chunksOfFile(path: string, version: string): AsyncGenerator<Uint8Array> {
  const file = await open(path).catch((error: unknown) => Promise.reject(readFault(path, error) as Error));
  try {
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(chunkBytes), 0, chunkBytes);
      // Checks the open handle: if the name now belongs to another file, this one is still complete.
      if (versionOf(await file.stat({ bigint: true })) !== version) {
        throw new UsageError(
          `${path} changed while it was being read`,
          'run the command again when the file is complete',
        );
      }
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/** A file that can be opened and read several times while it does not change. */
export class InputFile {
  readonly #path: string;
  readonly #stamp: Stamp;

  /** Throws `UsageError` for a missing or unreadable file. */
  constructor(path: string) {
    this.#path = path;
    this.#stamp = stampOf(path);
  }

  /** False for a named pipe or a device, which can be read only once. */
  get isRepeatable(): boolean {
    return this.#stamp.isRegular;
  }

  /** The chunks reject with `UsageError` if the file changed since the constructor. */
  open(): OpenBytes {
    if (this.isRepeatable) {
      const chunks = chunksOfFile(this.#path, this.#stamp.version);
      return { chunks, close: async () => void chunks.return(undefined).catch(() => undefined) };
    }
    const stream = createReadStream(this.#path, { highWaterMark: chunkBytes });
    return {
      chunks: chunksOfPipe(this.#path, stream as AsyncIterable<Uint8Array>),
      close: async () => void stream.destroy(),
    };
  }
}
