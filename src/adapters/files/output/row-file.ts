import { access, constants, type FileHandle, open, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { UsageError } from '../../../domain/errors.ts';
import { withPath } from '../../system/system-error.ts';
import { type FilePlace, placeOf } from '../file-place.ts';
import { checkIsOurs, openTemporary, removeAbandoned, takePlace } from '../replace-file.ts';
import { hasColumns, type RowFormat } from './row-format.ts';

/** Which existing file a new row file may replace. */
export interface RowFileOptions {
  /**
   * Marks the temporary files of this output, in hexadecimal. Only one process at a time uses a mark, so the files of
   * killed processes can be removed; null without a mark.
   */
  readonly mark: string | null;
  /** Any file, none, or only a file whose first line has these columns (or an empty one). */
  readonly replaces: 'anything' | 'nothing' | readonly string[];
}

const anything: RowFileOptions = { mark: null, replaces: 'anything' };

async function checkReplaceable(place: FilePlace, { replaces }: RowFileOptions): Promise<void> {
  if (replaces === 'anything') return;
  if (replaces !== 'nothing') {
    return checkIsOurs(place, (start) => hasColumns(start, replaces), 'a file that captcha wrote');
  }
  if (place.found === null) return;
  throw new UsageError(`${place.path} was just created by another program`, 'use another file');
}

/**
 * A new file of rows. Until `publish` it is written next to the old file, which is then replaced atomically. From then
 * on complete rows are appended, several at a time under load. After an error the file ends with its last complete row,
 * and every write rejects with that error.
 */
export class RowFile {
  readonly #file: FileHandle;
  readonly #place: FilePlace;
  /** The temporary path until `publish`; null if rows are written directly to the target. */
  readonly #temporary: string | null;
  readonly #format: RowFormat;
  #pending: string[] = [];
  #writing: Promise<void> | null = null;
  #end = 0;
  #isPublished = false;

  private constructor(file: FileHandle, place: { place: FilePlace; temporary: string | null }, format: RowFormat) {
    this.#file = file;
    this.#place = place.place;
    this.#temporary = place.temporary;
    this.#format = format;
  }

  /** Throws `UsageError` if a file exists that may not be replaced. */
  static async open(path: string, format: RowFormat, options = anything): Promise<RowFile> {
    const place = await placeOf(path);
    if (place.isFile && options.mark !== null) await removeAbandoned(place, options.mark);
    if (place.isFile) await checkReplaceable(place, options);
    // The stream may be redirected to a file that others also write to, so rows are appended.
    const stream = place.isFile ? null : { file: await open(place.path, 'a'), path: null };
    const { file, path: temporary } = stream ?? (await openTemporary(place, options.mark ?? '0'));
    const rows = new RowFile(file, { place, temporary }, format);
    try {
      await rows.#append(format.header);
      return rows;
    } catch (error) {
      await rows.close();
      throw error;
    }
  }

  /** Throws `UsageError` if another program created or replaced the file since `open`. */
  async publish(): Promise<void> {
    await this.#writing;
    if (this.#temporary !== null) {
      await this.#file.sync();
      await takePlace(this.#temporary, this.#place);
    }
    this.#isPublished = true;
  }

  /** Resolves when the row is in the file. */
  write(values: Readonly<Record<string, string>>): Promise<void> {
    this.#pending.push(this.#format.render(values));
    this.#writing ??= this.#drain();
    return this.#writing;
  }

  /** Without `publish`, the temporary file is deleted. */
  async close(): Promise<void> {
    const temporary = this.#temporary;
    try {
      await this.#writing;
      if (temporary !== null) await this.#file.sync();
    } finally {
      await this.#file.close();
      if (temporary !== null && !this.#isPublished) await rm(temporary, { force: true });
    }
  }

  async #drain(): Promise<void> {
    // Waits one turn, so that rows finished together are written together.
    await Promise.resolve();
    while (this.#pending.length > 0) {
      const text = this.#pending.join('');
      this.#pending = [];
      await this.#append(text);
    }
    this.#writing = null;
  }

  async #append(text: string): Promise<void> {
    try {
      await this.#file.appendFile(text);
      this.#end += Buffer.byteLength(text);
    } catch (error) {
      // A full disk may accept part of a row. If truncating fails too, the next run rewrites the file.
      if (this.#temporary !== null) await this.#file.truncate(this.#end).catch(() => undefined);
      throw withPath(error, this.#place.path);
    }
  }
}

/**
 * Checks, without writing, that a file can be created or replaced. Throws `UsageError` that names the flag if the path
 * is a folder or its folder is missing, and the system error if it is not writable.
 */
export async function checkWritable(flag: string, path: string): Promise<void> {
  const place = await placeOf(path);
  const { found, isFile } = place;
  if (found?.isDirectory() === true)
    throw new UsageError(`${flag} ${path}: is a directory`, 'use a file in this directory');
  const folder = place.path === resolve(path) ? dirname(path) : dirname(place.path);
  const isFolder = (await stat(folder).catch(() => null))?.isDirectory() ?? false;
  if (!isFolder)
    throw new UsageError(
      `${flag} ${path}: the directory ${folder} does not exist`,
      `create the directory or correct ${flag}`,
    );
  try {
    await access(isFile ? folder : path, isFile ? constants.W_OK | constants.X_OK : constants.W_OK);
  } catch (error) {
    if (error instanceof Error) error.message = `${flag} ${path} cannot be written: ${error.message}`;
    throw error;
  }
}
