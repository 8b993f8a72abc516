import { type FileHandle, open } from 'node:fs/promises';
import { UsageError } from '../../../domain/usage-error.ts';
import { withPath } from '../journal/system-error.ts';
import type { RowFormat } from './row-format.ts';

const lineFeed = 0x0a;

/** Behind a row that a crash cut off, the next would be nonsense too; and what is not ours is not cut. */
async function checkEnd(file: FileHandle, path: string, size: number): Promise<void> {
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  if (buffer[0] === lineFeed) return;
  throw new UsageError(`${path} does not end with a whole row`, 'remove its last line, or name a new file with --out');
}

/** A CSV that begins otherwise has other columns: rows of ours in it would be nonsense. */
async function checkHeader(file: FileHandle, path: string, header: string): Promise<void> {
  const expected = Buffer.from(header);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(expected.length), 0, expected.length, 0);
  if (buffer.subarray(0, bytesRead).equals(expected)) return;
  throw new UsageError(`${path} has other columns`, 'name a new file with --out, or move this one away');
}

/** A file to which rows are added behind those that it has. */
export class AppendedRows {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #format: RowFormat;
  #end: number;

  private constructor(file: FileHandle, { path, end }: { path: string; end: number }, format: RowFormat) {
    this.#file = file;
    this.#path = path;
    this.#format = format;
    this.#end = end;
  }

  /** Throws `UsageError` for a file that has other columns, or ends in the middle of a row. */
  static async open(path: string, format: RowFormat): Promise<AppendedRows> {
    const file = await open(path, 'a+');
    try {
      const stat = await file.stat();
      const end = stat.isFile() ? stat.size : 0;
      if (end > 0) await checkHeader(file, path, format.header);
      if (end > 0) await checkEnd(file, path, end);
      const rows = new AppendedRows(file, { path, end }, format);
      if (end === 0 && format.header !== '') await rows.#append(format.header);
      return rows;
    } catch (error) {
      await file.close();
      throw withPath(error, path);
    }
  }

  /** Resolves when the rows are on the disk. After an error the file ends with its last whole row. */
  async write(rows: readonly Readonly<Record<string, string>>[]): Promise<void> {
    if (rows.length > 0) await this.#append(rows.map(this.#format.render).join(''));
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #append(text: string): Promise<void> {
    try {
      await this.#file.appendFile(text);
      // Devices and pipes have nothing to be made durable.
      await this.#file.datasync().catch((error: unknown) => {
        if (!(error instanceof Error && 'code' in error && (error.code === 'EINVAL' || error.code === 'ENOTSUP')))
          throw error;
      });
      this.#end += Buffer.byteLength(text);
    } catch (error) {
      await this.#file.truncate(this.#end).catch(() => undefined);
      throw withPath(error, this.#path);
    }
  }
}
