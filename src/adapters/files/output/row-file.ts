import { type FileHandle, open, rename } from 'node:fs/promises';
import type { RowFormat } from './row-format.ts';

/**
 * A file of rows that is begun anew. Until `publish` it grows beside the old one, which is then replaced at once; from
 * then on rows are appended, whole, several at a time where they come fast.
 */
export class RowFile {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #format: RowFormat;
  #pending: string[] = [];
  #writing: Promise<void> | null = null;

  private constructor(file: FileHandle, path: string, format: RowFormat) {
    this.#file = file;
    this.#path = path;
    this.#format = format;
  }

  static async open(path: string, format: RowFormat): Promise<RowFile> {
    const rows = new RowFile(await open(temporary(path), 'w'), path, format);
    await rows.#file.appendFile(format.header);
    return rows;
  }

  async publish(): Promise<void> {
    await this.#writing;
    await this.#file.sync();
    await rename(temporary(this.#path), this.#path);
  }

  /** Resolves when the row is in the file. */
  write(values: Readonly<Record<string, string>>): Promise<void> {
    this.#pending.push(this.#format.render(values));
    this.#writing ??= this.#drain();
    return this.#writing;
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#file.sync();
    await this.#file.close();
  }

  async #drain(): Promise<void> {
    // One turn, so that rows which are finished together are written together.
    await Promise.resolve();
    while (this.#pending.length > 0) {
      const text = this.#pending.join('');
      this.#pending = [];
      await this.#file.appendFile(text);
    }
    this.#writing = null;
  }
}

function temporary(path: string): string {
  return `${path}.partial`;
}
