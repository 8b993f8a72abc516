import { type FileHandle, open } from 'node:fs/promises';
import { UsageError } from '../../../domain/errors.ts';
import { codeOf, withPath } from '../../system/system-error.ts';
import { placeOf } from '../file-place.ts';
import { syncFolder } from '../replace-file.ts';
import { hasColumns, type RowFormat } from './row-format.ts';

const lineFeed = 0x0a;

/** Behind a row that a crash cut off, the next would be nonsense too; and what is not ours is not cut. */
async function checkEnd(file: FileHandle, path: string, size: number): Promise<void> {
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  if (buffer[0] === lineFeed) return;
  throw new UsageError(
    `${path} does not end with a complete row`,
    'remove the last line, or use a new file with --out',
  );
}

/** A file that begins otherwise has other columns, or is no file of rows: rows of ours in it would be nonsense. */
async function checkStart(file: FileHandle, path: string, { header, columns }: RowFormat): Promise<void> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(1 << 16), 0, 1 << 16, 0);
  const start = buffer.toString('utf8', 0, bytesRead);
  if (header === '' ? hasColumns(start, columns) : start.startsWith(header)) return;
  throw new UsageError(`${path} has other columns`, 'use a new file with --out, or move this file away');
}

/** Opens a file for appending, and says whether it was made. A link is followed: what it leads to is added to. */
async function openOrMake(path: string): Promise<{ file: FileHandle; isNew: boolean }> {
  const { found } = await placeOf(path);
  return { file: await open(path, 'a+'), isNew: found === null };
}

/** A file to which rows are added behind those that it has. */
export class AppendedRows {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #format: RowFormat;

  private constructor(file: FileHandle, path: string, format: RowFormat) {
    this.#file = file;
    this.#path = path;
    this.#format = format;
  }

  /** Throws `UsageError` for a file that has other columns, or ends in the middle of a row. */
  static async open(path: string, format: RowFormat): Promise<AppendedRows> {
    const { file, isNew } = await openOrMake(path);
    try {
      const stat = await file.stat();
      const size = stat.isFile() ? stat.size : 0;
      if (size > 0) await checkStart(file, path, format);
      if (size > 0) await checkEnd(file, path, size);
      const rows = new AppendedRows(file, path, format);
      if (size === 0 && format.header !== '') await rows.#append(format.header);
      // A result leaves its queue once its row is durable: so must be the name of the file.
      if (isNew) await syncFolder((await placeOf(path)).path);
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
    const { size } = await this.#file.stat();
    try {
      await this.#file.appendFile(text);
      // Devices and pipes have nothing to be made durable.
      await this.#file.datasync().catch((error: unknown) => {
        if (!['EINVAL', 'ENOTSUP'].includes(codeOf(error) ?? '')) throw error;
      });
    } catch (error) {
      await this.#cutOff(text, size).catch(() => undefined);
      throw withPath(error, this.#path);
    }
  }

  /** Takes back what came of a write that failed; what another process has added in the meantime is not cut. */
  async #cutOff(text: string, size: number): Promise<void> {
    const expected = Buffer.from(text);
    // One byte more would be somebody else's.
    const { buffer, bytesRead } = await this.#file.read(
      Buffer.alloc(expected.length + 1),
      0,
      expected.length + 1,
      size,
    );
    if (buffer.subarray(0, bytesRead).equals(expected.subarray(0, bytesRead))) await this.#file.truncate(size);
  }
}
