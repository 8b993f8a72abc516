import { type BigIntStats, createReadStream, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { UsageError } from '../../../domain/errors.ts';

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

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'it may not be read',
  EPERM: 'it may not be read',
  EISDIR: 'it is a folder',
};

function cannotRead(path: string, error: unknown): UsageError {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return new UsageError(`cannot read ${path}: ${reasons[code] ?? message}`);
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
  const { code = '' } = error as NodeJS.ErrnoException;
  return code in reasons ? cannotRead(path, error) : error;
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
        throw new UsageError(`${path} has changed while it was being read`, 'start again when it is complete');
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
