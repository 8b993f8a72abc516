import type { UrlLine } from '../../../ports/url-source.ts';

const [lf, cr] = [10, 13];
/** No URL, but another kind of file. */
const mostLineBytes = 1024 * 1024;
const tooLong = `the line is longer than ${mostLineBytes / 1024 / 1024} MiB`;

/** A pattern is slower than a text, and most files have no CR. */
const linesIn = (text: string): readonly string[] => (text.includes('\r') ? text.split(/\r\n?|\n/) : text.split('\n'));

/** Cuts UTF-8 into lines: a chunk at a time becomes text, since a buffer for each line would cost more than its URL. */
class LineCutter {
  #line = 0;
  /** The beginning of a line whose end has not come; empty where it is too long to be kept. */
  #kept: Buffer[] = [];
  #keptBytes = 0;
  /** True where a CR was the last byte: an LF that follows belongs to it. */
  #endsInCr = false;

  /** The URLs on the lines that end in the chunk. */
  cut(chunk: Buffer): readonly UrlLine[] {
    const bytes = this.#endsInCr && chunk[0] === lf ? chunk.subarray(1) : chunk;
    this.#endsInCr = chunk.at(-1) === cr;
    const end = Math.max(bytes.lastIndexOf(lf), bytes.lastIndexOf(cr));
    if (end === -1) {
      this.#keep(bytes);
      return [];
    }
    // The text stops before its last end of line, of which a CRLF leaves its CR.
    const isCrLf = bytes[end] === lf && bytes[end - 1] === cr;
    const lines = linesIn(this.#textTo(bytes.subarray(0, isCrLf ? end - 1 : end)));
    this.#keep(bytes.subarray(end + 1));
    return this.#urlsOn(lines);
  }

  /** What follows the last end of a line. */
  end(): readonly UrlLine[] {
    return this.#urlsOn([this.#textTo(Buffer.alloc(0))]);
  }

  #keep(part: Buffer): void {
    this.#keptBytes += part.length;
    if (this.#keptBytes > mostLineBytes) this.#kept = [];
    else if (part.length > 0) this.#kept.push(part);
  }

  /** What was kept and these bytes as text; a NUL, which no URL has, in front of a line that was too long. */
  #textTo(bytes: Buffer): string {
    const isTooLong = this.#keptBytes > mostLineBytes;
    const text = this.#kept.length === 0 ? bytes.toString() : Buffer.concat([...this.#kept, bytes]).toString();
    this.#kept = [];
    this.#keptBytes = 0;
    return isTooLong ? text.replace(/^[^\r\n]*/, '\0') : text;
  }

  #urlsOn(lines: readonly string[]): readonly UrlLine[] {
    const urls: UrlLine[] = [];
    for (const each of lines) {
      this.#line += 1;
      const text = each.trim();
      if (text === '' || text.startsWith('#')) continue;
      if (text === '\0') urls.push({ line: this.#line, text: '', fault: tooLong });
      else urls.push({ line: this.#line, text, fault: null });
    }
    return urls;
  }
}

/** The URLs of a UTF-8 text, one a line, which LF, CRLF or CR ends; blank lines and those that begin with `#` hold none. */
export async function* urlLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<readonly UrlLine[]> {
  const cutter = new LineCutter();
  for await (const chunk of chunks) yield cutter.cut(chunk);
  yield cutter.end();
}
