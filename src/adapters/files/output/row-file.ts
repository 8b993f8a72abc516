import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { withPath } from '../journal/system-error.ts';
import type { RowFormat } from './row-format.ts';

/** Where a file is to stand, and where it grows until then. */
interface Place {
  readonly path: string;
  /** Null where rows go straight to what has the name: a device or a pipe is never replaced. */
  readonly temporary: string | null;
}

async function placeOf(path: string): Promise<Place> {
  const found = await stat(path).catch(() => null);
  if (found !== null && !found.isFile()) return { path, temporary: null };
  // A link stays one: what it points to is replaced.
  const real = found === null ? path : await realpath(path);
  return { path: real, temporary: `${real}.partial` };
}

/**
 * A file of rows that is begun anew. Until `publish` it grows beside the old one, which is then replaced at once; from
 * then on rows are appended, whole, several at a time where they come fast. After an error it ends with its last whole
 * row, and every write is rejected with that error.
 */
export class RowFile {
  readonly #file: FileHandle;
  readonly #place: Place;
  readonly #format: RowFormat;
  #pending: string[] = [];
  #writing: Promise<void> | null = null;
  #end = 0;
  #isPublished = false;

  private constructor(file: FileHandle, place: Place, format: RowFormat) {
    this.#file = file;
    this.#place = place;
    this.#format = format;
  }

  static async open(path: string, format: RowFormat): Promise<RowFile> {
    const place = await placeOf(path);
    const rows = new RowFile(await open(place.temporary ?? path, 'w'), place, format);
    try {
      await rows.#append(format.header);
      return rows;
    } catch (error) {
      await rows.close();
      throw error;
    }
  }

  async publish(): Promise<void> {
    await this.#writing;
    const { path, temporary } = this.#place;
    if (temporary !== null) {
      await this.#file.sync();
      await rename(temporary, path);
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
    const { temporary } = this.#place;
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
      if (this.#place.temporary !== null) await this.#file.truncate(this.#end).catch(() => undefined);
      throw withPath(error, this.#place.path);
    }
  }
}
