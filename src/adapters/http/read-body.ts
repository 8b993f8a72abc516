import { isUtf8 } from 'node:buffer';

/** The headers that describe a body's encoding, as undici provides them. */
export interface BodyHeaders {
  readonly 'content-encoding'?: string | string[] | undefined;
  readonly 'content-type'?: string | string[] | undefined;
}

/** The text of a body, or why it is unreadable: an own phrase that follows `with`. */
export type BodyText = { readonly text: string } | { readonly unreadable: string };

/** The limit of undici and curl: each coding may cost as much time as the whole body. */
const maxCodings = 5;
const notPacked = new Set(['', 'identity']);
const tooManyCodings = `a body compressed more than ${maxCodings} times`;

class UnreadableBodyError extends Error {}

/** A body in one piece. Most answers arrive as one chunk. */
function joined(chunks: readonly Buffer[]): Buffer {
  const [only = Buffer.alloc(0)] = chunks;
  return chunks.length <= 1 ? only : Buffer.concat(chunks);
}

const valueOf = (header: string | string[] | undefined): string =>
  (Array.isArray(header) ? header.join(',') : (header ?? '')).toLowerCase();

/** True for text without the control characters that every compressed body contains. */
function isText(bytes: Buffer): boolean {
  return isUtf8(bytes) && !bytes.some((byte) => byte < 0x09 || (byte > 0x0d && byte < 0x20));
}

const isGzip = (bytes: Buffer): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** By RFC 9110 `deflate` is the zlib format; some servers send a raw stream, which lacks that header. */
const isZlib = (bytes: Buffer): boolean => ((bytes[0] ?? 0) & 0x0f) === 8 && bytes.readUInt16BE(0) % 31 === 0;

function unpackedOnce(bytes: Buffer, coding: string, maxOutputLength: number): Buffer {
  // Loaded on demand; most runs never need it.
  const zlib = process.getBuiltinModule('node:zlib');
  const limit = { maxOutputLength };
  switch (coding) {
    case 'gzip':
    case 'x-gzip':
      return zlib.gunzipSync(bytes, limit);
    case 'deflate':
      return bytes.length > 1 && isZlib(bytes) ? zlib.inflateSync(bytes, limit) : zlib.inflateRawSync(bytes, limit);
    case 'br':
      return zlib.brotliDecompressSync(bytes, limit);
    default: {
      // The header may contain any text.
      const name = /^[\w-]{1,16}$/.test(coding) ? coding : '(unknown name)';
      throw new UnreadableBodyError(`a body with the unsupported encoding ${name}`);
    }
  }
}

function failureOf(error: unknown, coding: string, maxBytes: number): UnreadableBodyError {
  if (error instanceof UnreadableBodyError) return error;
  const { code } = error as NodeJS.ErrnoException;
  const packed = `a ${coding} body`;
  if (code === 'ERR_BUFFER_TOO_LARGE') return new UnreadableBodyError(`${packed} larger than ${maxBytes / 1024} KiB`);
  return new UnreadableBodyError(`${packed} that is ${code === 'Z_BUF_ERROR' ? 'cut off' : 'damaged'}`);
}

/** Decompresses up to `maxBytes`, at every stage: a small body may expand to gigabytes. */
function unpacked(bytes: Buffer, coding: string, maxBytes: number): Buffer {
  if (bytes.length === 0) return bytes;
  try {
    return unpackedOnce(bytes, coding, maxBytes);
  } catch (error) {
    // A proxy that decompresses may keep the header, and some servers put a charset there.
    if (isText(bytes)) return bytes;
    throw failureOf(error, coding, maxBytes);
  }
}

/** Undoes all codings, last applied first, and gzip without a header: no text starts like gzip. */
function withoutCodings(bytes: Buffer, header: string, maxBytes: number): Buffer {
  const codings = header.split(',').flatMap((word) => (notPacked.has(word.trim()) ? [] : word.trim()));
  if (codings.length > maxCodings) throw new UnreadableBodyError(tooManyCodings);
  let plain = codings.reduceRight((rest, coding) => unpacked(rest, coding, maxBytes), bytes);
  for (let count = codings.length; isGzip(plain); count += 1) {
    if (count >= maxCodings) throw new UnreadableBodyError(tooManyCodings);
    plain = unpacked(plain, 'gzip', maxBytes);
  }
  return plain;
}

/** Detects UTF-16 by its byte order mark, or by a zero next to the first character, which is ASCII in every answer. */
function utf16In([first, second]: Buffer): string | null {
  if ((first === 0xff && second === 0xfe) || (second === 0 && first !== 0 && first !== undefined)) return 'utf-16le';
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0 && second !== undefined)) return 'utf-16be';
  return null;
}

/** The charset named by the header or by an HTML page; otherwise UTF-8. */
function charsetOf(bytes: Buffer, contentType: string): string {
  const named = /;\s*charset\s*=\s*["']?([^\s;"',]+)/.exec(contentType)?.[1];
  if (named !== undefined) return named;
  const start = bytes.toString('latin1', 0, 1024);
  return (/^\s*</.test(start) && /<meta[^>]+charset\s*=\s*["']?([^\s;"'/>]+)/i.exec(start)?.[1]) || 'utf-8';
}

function decoded(bytes: Buffer, charset: string): string {
  // A text that claims to be UTF-16 without zero bytes is not UTF-16.
  if (charset === 'utf-8' || /^utf-?(8|16.*)$/i.test(charset)) return bytes.toString('utf8');
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return bytes.toString('utf8');
  }
}

function textOf(bytes: Buffer, contentType: string): string {
  const utf16 = utf16In(bytes);
  if (utf16 !== null) return new TextDecoder(utf16).decode(bytes);
  const hasUtf8Mark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return hasUtf8Mark ? bytes.toString('utf8', 3) : decoded(bytes, charsetOf(bytes, contentType));
}

/**
 * Decodes a body with any Content-Encoding (gzip, deflate, br, also several) and charset. The client requests neither,
 * but a paid answer must be readable anyway. Decompresses at most `maxBytes` bytes.
 */
export function readBody(chunks: readonly Buffer[], headers: BodyHeaders, maxBytes: number): BodyText {
  const bytes = joined(chunks);
  const encoding = valueOf(headers['content-encoding']);
  try {
    const plain = encoding === '' && !isGzip(bytes) ? bytes : withoutCodings(bytes, encoding, maxBytes);
    return { text: textOf(plain, valueOf(headers['content-type'])) };
  } catch (error) {
    if (error instanceof UnreadableBodyError) return { unreadable: error.message };
    throw error;
  }
}
