import { mostRecordBytes } from './input-record.ts';

/** One line without its end. `text` is null where it was too long to be kept. */
export interface TextLine {
  readonly line: number;
  readonly text: string | null;
  readonly bytes: number;
}

const lf = 10;

/** Cuts UTF-8 into lines, and keeps no more of one than a record may have. */
export class LineReader {
  #parts: Buffer[] = [];
  #bytes = 0;
  #line = 1;

  /** The lines that end in the chunk. */
  read(chunk: Buffer): TextLine[] {
    const lines: TextLine[] = [];
    let start = 0;
    for (let end = chunk.indexOf(lf); end !== -1; end = chunk.indexOf(lf, start)) {
      this.#keep(chunk.subarray(start, end));
      lines.push(this.#take());
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
    return lines;
  }

  /** What follows the last end of a line; null where nothing does. */
  end(): TextLine | null {
    return this.#bytes === 0 ? null : this.#take();
  }

  #keep(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#bytes > mostRecordBytes) this.#parts = [];
    else if (part.length > 0) this.#parts.push(part);
  }

  #take(): TextLine {
    const text = this.#bytes > mostRecordBytes ? null : Buffer.concat(this.#parts).toString();
    const taken = { line: this.#line, text, bytes: this.#bytes };
    this.#parts = [];
    this.#bytes = 0;
    this.#line++;
    return taken;
  }
}
