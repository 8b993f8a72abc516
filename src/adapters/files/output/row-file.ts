import { access, constants, type FileHandle, open, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { UsageError } from '../../../domain/errors.ts';
import { withPath } from '../../system/system-error.ts';
import { type FilePlace, placeOf } from '../file-place.ts';
import { checkIsOurs, openTemporary, removeAbandoned, takePlace } from '../replace-file.ts';
import { hasColumns, type RowFormat } from './row-format.ts';

/** What may be replaced by a new file of rows. */
export interface RowFileOptions {
  /**
   * Hex: tells whose temporary files these are. Of one mark only one process writes at a time, so that what a killed one
   * left is removed; null where nothing says so.
   */
  readonly mark: string | null;
  /** Anything, nothing, or a file whose first line has these columns (and an empty one). */
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
 * A file of rows that is begun anew. Until `publish` it grows beside the old one, which is then replaced at once; from
 * then on rows are appended, whole, several at a time where they come fast. After an error it ends with its last whole
 * row, and every write is rejected with that error.
 */
export class RowFile {
  readonly #file: FileHandle;
  readonly #place: FilePlace;
  /** Where it grows until it is published; null where rows go straight to what has the name. */
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

  /** Throws `UsageError` where there is a file that may not be replaced. */
  static async open(path: string, format: RowFormat, options = anything): Promise<RowFile> {
    const place = await placeOf(path);
    if (place.isFile && options.mark !== null) await removeAbandoned(place, options.mark);
    if (place.isFile) await checkReplaceable(place, options);
    // A stream may be a file after all, which others write too: rows are added to it.
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

  /** Throws `UsageError` where another program has put a file there since it was opened. */
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

  /** What was never published is gone. */
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
    // One turn, so that rows which are finished together are written together.
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
      // A full disk takes part of a row; should it not even be cut off, the next run writes the file anew.
      if (this.#temporary !== null) await this.#file.truncate(this.#end).catch(() => undefined);
      throw withPath(error, this.#place.path);
    }
  }
}

/**
 * Looks, and writes nothing, whether a file can be made or replaced. Throws `UsageError`, naming the flag that asked for
 * the file, where the name is a folder's or its folder is not there; the system's error where it may not be written.
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
