import type { UrlLine } from '../../../ports/url-source.ts';

const lf = 10;
/** No URL, but another kind of file. */
const mostLineBytes = 1024 * 1024;
const tooLong = `the line is longer than ${mostLineBytes / 1024 / 1024} MiB`;

/** Cuts UTF-8 into lines: a chunk at a time becomes text, since a buffer for each line would cost more than its URL. */
class LineCutter {
  #line = 0;
  /** The beginning of a line whose end has not come; empty where it is too long to be kept. */
  #kept: Buffer[] = [];
  #keptBytes = 0;

  /** The URLs on the lines that end in the chunk. */
  cut(chunk: Buffer): readonly UrlLine[] {
    const end = chunk.lastIndexOf(lf);
    if (end === -1) {
      this.#keep(chunk);
      return [];
    }
    const lines = this.#textTo(chunk.subarray(0, end)).split('\n');
    this.#keep(chunk.subarray(end + 1));
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
    return isTooLong ? text.replace(/^[^\n]*/, '\0') : text;
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

/** The URLs of a UTF-8 text, one a line; blank lines and those that begin with `#` hold none. */
export async function* urlLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<readonly UrlLine[]> {
  const cutter = new LineCutter();
  for await (const chunk of chunks) yield cutter.cut(chunk);
  yield cutter.end();
}
