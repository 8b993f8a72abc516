import { isUtf8 } from 'node:buffer';
import { UsageError } from '../../../domain/errors.ts';
import type { Peekable } from './peekable.ts';

/** The encoding of an input. */
export interface Encoding {
  /** A `TextDecoder` name. */
  readonly name: string;
  /** Length of the byte order mark, in bytes. */
  readonly markBytes: number;
}

const marks: readonly (readonly [name: string, ...bytes: readonly number[]])[] = [
  ['utf-32le', 0xff, 0xfe, 0, 0],
  ['utf-32be', 0, 0, 0xfe, 0xff],
  ['utf-8', 0xef, 0xbb, 0xbf],
  ['utf-16le', 0xff, 0xfe],
  ['utf-16be', 0xfe, 0xff],
];

/** Formats that users pass by mistake: name, hint, first bytes. */
const strangers: readonly (readonly [name: string, hint: string, ...bytes: readonly number[]])[] = [
  ['gzip data', 'decompress it first: gunzip -c FILE | captcha batch -', 0x1f, 0x8b],
  ['a spreadsheet or a zip archive', 'export it as CSV (UTF-8)', 0x50, 0x4b, 3, 4],
  ['an image', 'solve one with: captcha solve FILE', 0x89, 0x50, 0x4e, 0x47],
  ['an image', 'solve one with: captcha solve FILE', 0xff, 0xd8, 0xff],
  ['an image', 'solve one with: captcha solve FILE', 0x47, 0x49, 0x46, 0x38],
];

const startsWith = (head: Uint8Array, bytes: readonly number[]): boolean =>
  bytes.every((byte, index) => head[index] === byte);

/** Detects UTF-16 without a byte order mark: in mostly Latin text every other byte is zero. */
function unmarkedUtf16(head: Uint8Array): string | null {
  const zeros = [0, 0];
  for (const [index, byte] of head.entries()) if (byte === 0) zeros[index % 2] = (zeros[index % 2] ?? 0) + 1;
  const [even = 0, odd = 0] = zeros;
  const most = Math.floor(head.length / 2) * 0.7;
  if (odd >= most && even === 0) return 'utf-16le';
  return even >= most && odd === 0 ? 'utf-16be' : null;
}

function canonicalName(encoding: string): string {
  try {
    return new TextDecoder(encoding).encoding;
  } catch {
    throw new UsageError(
      `--encoding ${encoding}: unknown encoding`,
      'supported: utf-8, utf-16le, utf-16be and windows-1252',
    );
  }
}

function withoutMark(head: Uint8Array): string {
  const stranger = strangers.find(([, , ...bytes]) => startsWith(head, bytes));
  if (stranger !== undefined) throw new UsageError(`the input is ${stranger[0]}, not text`, stranger[1]);
  if (!head.includes(0)) return 'utf-8';
  const name = unmarkedUtf16(head);
  if (name === null) throw new UsageError('the input is not text', 'pass a CSV or JSON Lines file');
  return name;
}

/**
 * The encoding of an input by its first bytes. A byte order mark takes precedence over `asked`, which takes precedence
 * over a guess; `asked` may be null. Throws `UsageError` for input that is not text.
 */
export function sniffEncoding(head: Uint8Array, asked: string | null): Encoding {
  const mark = marks.find(([, ...bytes]) => startsWith(head, bytes));
  if (mark === undefined) return { name: asked === null ? withoutMark(head) : canonicalName(asked), markBytes: 0 };
  const [name, ...bytes] = mark;
  if (name.startsWith('utf-32'))
    throw new UsageError('the input is UTF-32, which is not supported', 'save it as UTF-8');
  return { name, markBytes: bytes.length };
}

/** The characters of 0x80 to 0x9F. https://encoding.spec.whatwg.org/index-windows-1252.txt */
const upper = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

/** Decodes windows-1252; Node's own decoder (20.20) maps 0x80 to 0x9F to control characters. */
export function decodeWindows1252(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/[\x80-\x9f]/g, (character) => upper.charAt(character.charCodeAt(0) - 0x80));
}

/** Length of the longest byte order mark. */
const fewestBytes = 4;
const maxBytes = 256;
/**
 * The parsers process a chunk without a pause, with all its records in memory. Objects alive during a collection make
 * V8's young generation grow permanently, so chunks are small.
 */
const chunkBytes = 2 * 1024;

/**
 * The number of bytes used for the guess: up to the end of the first line, within limits. It does not depend on the
 * chunk sizes.
 */
function sniffedBytes(head: Uint8Array): number {
  const firstLine = head.findIndex((byte, index) => index >= fewestBytes - 1 && (byte === 10 || byte === 13)) + 1;
  return Math.min(firstLine === 0 ? Infinity : firstLine, maxBytes);
}

type Decode = (chunk: Buffer) => Buffer;

const nothing = Buffer.alloc(0);

/**
 * The encoding that bytes beyond ASCII most likely have. In Western languages such letters stand alone; in others they
 * form words.
 */
function likelyEncoding(bytes: Buffer): string {
  const runs = bytes.toString('latin1').match(/[\x80-\xff]+/g) ?? [];
  const letters = runs.join('');
  if (letters.length < runs.length * 2.5) return 'windows-1252';
  const cyrillic = letters.match(/[\xc0-\xff\xa8\xb8]/g)?.length ?? 0;
  return cyrillic > letters.length * 0.95 ? 'windows-1251' : 'shift_jis, gb18030 or euc-kr';
}

/** The length without a character at the end that is incomplete so far. */
function completeLength(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return bytes.length;
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 0;
    if (needed > 0) return needed > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

/** Passes UTF-8 through. Throws `UsageError` for other bytes. */
class Utf8Check {
  #kept: Buffer = nothing;
  #line = 1;

  readonly decode: Decode = (chunk) => {
    const bytes = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk]);
    const whole = bytes.subarray(0, completeLength(bytes));
    this.#kept = bytes.subarray(whole.length);
    this.#check(whole);
    for (let end = whole.indexOf(10); end !== -1; end = whole.indexOf(10, end + 1)) this.#line += 1;
    return whole;
  };

  readonly end = (): Buffer => {
    this.#check(this.#kept);
    return this.#kept;
  };

  #check(bytes: Buffer): void {
    if (isUtf8(bytes)) return;
    let [start, line] = [0, this.#line];
    for (
      let end = bytes.indexOf(10);
      end !== -1 && isUtf8(bytes.subarray(start, end));
      end = bytes.indexOf(10, start)
    ) {
      start = end + 1;
      line += 1;
    }
    throw new UsageError(
      `line ${line}: the input is not valid UTF-8`,
      `set its encoding, probably --encoding ${likelyEncoding(bytes)}, or save it as UTF-8`,
    );
  }
}

/** Throws `UsageError` for bytes that the encoding does not have. */
function otherDecoder(encoding: string): { readonly decode: Decode; readonly end: () => Buffer } {
  const decoder = new TextDecoder(encoding, { ignoreBOM: true, fatal: true });
  const decoded = (chunk?: Buffer): Buffer => {
    try {
      return Buffer.from(chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true }));
    } catch {
      throw new UsageError(
        `the input is not valid ${encoding}`,
        'set its encoding with --encoding, or save it as UTF-8',
      );
    }
  };
  return { decode: decoded, end: decoded };
}

function decoderFor(encoding: string): { readonly decode: Decode; readonly end: () => Buffer } {
  if (encoding === 'utf-8') return new Utf8Check();
  if (encoding === 'windows-1252') {
    return { decode: (chunk) => Buffer.from(decodeWindows1252(chunk)), end: () => nothing };
  }
  return otherDecoder(encoding);
}

/** The encoding of an input by its first bytes, as `sniffEncoding`. */
export async function inputEncoding(input: Peekable, asked: string | null): Promise<Encoding> {
  const head = await input.peek((bytes) => bytes.length >= sniffedBytes(bytes));
  return sniffEncoding(head.subarray(0, sniffedBytes(head)), asked);
}

/**
 * The bytes of an input as UTF-8 without a byte order mark, in chunks of up to 2 KiB. Throws `UsageError` for input that
 * is not text, or not valid in its encoding.
 */
export async function* utf8Chunks(input: Peekable, asked: string | null): AsyncGenerator<Buffer> {
  const { name, markBytes } = await inputEncoding(input, asked);
  input.skip(markBytes);
  const { decode, end } = decoderFor(name);
  for await (const chunk of input) {
    for (let start = 0; start < chunk.length; start += chunkBytes) {
      yield decode(chunk.subarray(start, start + chunkBytes));
    }
  }
  yield end();
}
