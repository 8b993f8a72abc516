import type { Peekable } from './peekable.ts';
import { sniffEncoding } from './sniff-encoding.ts';
import { decodeWindows1252 } from './windows-1252.ts';

/** The longest byte order mark. */
const fewestBytes = 4;
const mostBytes = 256;
/**
 * The parsers work through one chunk without a pause, and all its records are in memory then: what lives while V8 collects
 * makes its young generation grow, for good.
 */
const chunkBytes = 2 * 1024;

/** The same bytes whatever the chunks in which they arrive: up to the end of the first line, within limits. */
function sniffedBytes(head: Uint8Array): number {
  const firstLine = head.findIndex((byte, index) => index >= fewestBytes - 1 && (byte === 10 || byte === 13)) + 1;
  return Math.min(firstLine === 0 ? Infinity : firstLine, mostBytes);
}

type Decode = (chunk: Buffer) => Buffer;

const nothing = Buffer.alloc(0);

function decoderFor(encoding: string): { readonly decode: Decode; readonly end: () => Buffer } {
  if (encoding === 'utf-8') return { decode: (chunk) => chunk, end: () => nothing };
  if (encoding === 'windows-1252') {
    return { decode: (chunk) => Buffer.from(decodeWindows1252(chunk)), end: () => nothing };
  }
  const decoder = new TextDecoder(encoding, { ignoreBOM: true });
  return {
    decode: (chunk) => Buffer.from(decoder.decode(chunk, { stream: true })),
    end: () => Buffer.from(decoder.decode()),
  };
}

/**
 * The bytes of an input as UTF-8 without a byte order mark, in chunks of at most 2 KiB and as they come. Bytes that
 * stand for nothing in `asked` become U+FFFD. Throws `UsageError` for what is not text.
 */
export async function* utf8Chunks(input: Peekable, asked: string | null): AsyncGenerator<Buffer> {
  const head = await input.peek((bytes) => bytes.length >= sniffedBytes(bytes));
  const { name, markBytes } = sniffEncoding(head.subarray(0, sniffedBytes(head)), asked);
  input.skip(markBytes);
  const { decode, end } = decoderFor(name);
  for await (const chunk of input) {
    for (let start = 0; start < chunk.length; start += chunkBytes) {
      yield decode(chunk.subarray(start, start + chunkBytes));
    }
  }
  yield end();
}
