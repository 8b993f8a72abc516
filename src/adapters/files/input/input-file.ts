import { type BigIntStats, createReadStream, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { UsageError } from '../../../domain/errors.ts';
import { readReasonOf } from '../../system/system-error.ts';

/** The bytes of an input, and how to stop before their end. */
export interface OpenBytes {
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly close: () => Promise<void>;
}

/**
 * Read so much at a time. A chunk of 64 KiB, Node's own choice, is in use long enough to outlive two collections of the young
 * generation; what has done so is garbage that stays, up to 30 MiB of it.
 */
const chunkBytes = 16 * 1024;

function cannotRead(path: string, error: unknown): UsageError {
  return new UsageError(`${path}: ${readReasonOf(error) ?? `cannot be read (${(error as Error).message})`}`);
}

interface Stamp {
  readonly isRegular: boolean;
  /** What changes when somebody writes to the file or puts another one in its place. */
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

/** Anything but the reasons above is a disk that fails, which the person who typed the command cannot help. */
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

/** Throws where the file is not the one of this version any more: what was read last may then be torn. */
async function* chunksOfFile(path: string, version: string): AsyncGenerator<Uint8Array> {
  const file = await open(path).catch((error: unknown) => Promise.reject(readFault(path, error) as Error));
  try {
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(chunkBytes), 0, chunkBytes);
      // The open file is asked: where another one takes its place, this one stays whole.
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

/** A file that is read from its beginning as often as it is opened, as long as it stays as it was at first. */
export class InputFile {
  readonly #path: string;
  readonly #stamp: Stamp;

  /** Throws `UsageError` where the file is not there or cannot be read. */
  constructor(path: string) {
    this.#path = path;
    this.#stamp = stampOf(path);
  }

  /** False for a named pipe or a device, which gives its bytes once. */
  get isRepeatable(): boolean {
    return this.#stamp.isRegular;
  }

  /** Its chunks reject with `UsageError` where the file has changed since it was looked at first. */
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
