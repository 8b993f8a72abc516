import { type FileHandle, open } from 'node:fs/promises';
import { UsageError } from '../../../domain/errors.ts';
import { codeOf, withPath } from '../../system/system-error.ts';
import { placeOf } from '../file-place.ts';
import { syncFolder } from '../replace-file.ts';
import { hasColumns, type RowFormat } from './row-format.ts';

const lineFeed = 0x0a;

/** A row appended after an incomplete one would be unreadable, and rows of other programs must not be truncated. */
async function checkEnd(file: FileHandle, path: string, size: number): Promise<void> {
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  if (buffer[0] === lineFeed) return;
  throw new UsageError(
    `${path} does not end with a complete row`,
    'remove the last line, or use a new file with --out',
  );
}

/** Rows appended to a file with another start (other columns, or another kind of file) would be meaningless. */
async function checkStart(file: FileHandle, path: string, { header, columns }: RowFormat): Promise<void> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(1 << 16), 0, 1 << 16, 0);
  const start = buffer.toString('utf8', 0, bytesRead);
  if (header === '' ? hasColumns(start, columns) : start.startsWith(header)) return;
  throw new UsageError(`${path} has other columns`, 'use a new file with --out, or move this file away');
}

/** Opens a file for appending and tells whether it is new. Links are followed. */
async function openOrMake(path: string): Promise<{ file: FileHandle; isNew: boolean }> {
  const { found } = await placeOf(path);
  return { file: await open(path, 'a+'), isNew: found === null };
}

/** A file with rows, to which new rows are appended. */
export class AppendedRows {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #format: RowFormat;

  private constructor(file: FileHandle, path: string, format: RowFormat) {
    this.#file = file;
    this.#path = path;
    this.#format = format;
  }

  /** Throws `UsageError` for a file with other columns or an incomplete last row. */
  static async open(path: string, format: RowFormat): Promise<AppendedRows> {
    const { file, isNew } = await openOrMake(path);
    try {
      const stat = await file.stat();
      const size = stat.isFile() ? stat.size : 0;
      if (size > 0) await checkStart(file, path, format);
      if (size > 0) await checkEnd(file, path, size);
      const rows = new AppendedRows(file, path, format);
      if (size === 0 && format.header !== '') await rows.#append(format.header);
      // A result leaves its queue once its row is durable, so the file's name must be durable too.
      if (isNew) await syncFolder((await placeOf(path)).path);
      return rows;
    } catch (error) {
      await file.close();
      throw withPath(error, path);
    }
  }

  /** Resolves when the rows are on disk. After an error the file ends with its last complete row. */
  async write(rows: readonly Readonly<Record<string, string>>[]): Promise<void> {
    if (rows.length > 0) await this.#append(rows.map(this.#format.render).join(''));
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #append(text: string): Promise<void> {
    const { size } = await this.#file.stat();
    try {
      await this.#file.appendFile(text);
      // Devices and pipes cannot be synced.
      await this.#file.datasync().catch((error: unknown) => {
        if (!['EINVAL', 'ENOTSUP'].includes(codeOf(error) ?? '')) throw error;
      });
    } catch (error) {
      await this.#cutOff(text, size).catch(() => undefined);
      throw withPath(error, this.#path);
    }
  }

  /** Removes the partial output of a failed write, unless another process has appended since. */
  async #cutOff(text: string, size: number): Promise<void> {
    const expected = Buffer.from(text);
    // One more byte than expected would come from another process.
    const { buffer, bytesRead } = await this.#file.read(
      Buffer.alloc(expected.length + 1),
      0,
      expected.length + 1,
      size,
    );
    if (buffer.subarray(0, bytesRead).equals(expected.subarray(0, bytesRead))) await this.#file.truncate(size);
  }
}
