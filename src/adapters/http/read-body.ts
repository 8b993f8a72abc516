import { isUtf8 } from 'node:buffer';

/** The headers of an answer that say how its body is written, as undici gives them. */
export interface BodyHeaders {
  readonly 'content-encoding'?: string | string[] | undefined;
  readonly 'content-type'?: string | string[] | undefined;
}

/** The text of a body, or why there is none, in words of our own that end a sentence after `with`. */
export type BodyText = { readonly text: string } | { readonly unreadable: string };

/** As many as undici and curl allow: each may take as long as the whole. */
const maxCodings = 5;
const notPacked = new Set(['', 'identity']);
const tooManyCodings = `a body compressed more than ${maxCodings} times`;

class UnreadableBodyError extends Error {}

/** A body in one piece. Nearly every answer comes in one. */
function joined(chunks: readonly Buffer[]): Buffer {
  const [only = Buffer.alloc(0)] = chunks;
  return chunks.length <= 1 ? only : Buffer.concat(chunks);
}

const valueOf = (header: string | string[] | undefined): string =>
  (Array.isArray(header) ? header.join(',') : (header ?? '')).toLowerCase();

/** A text without the control characters that every packed body begins with or holds. */
function isText(bytes: Buffer): boolean {
  return isUtf8(bytes) && !bytes.some((byte) => byte < 0x09 || (byte > 0x0d && byte < 0x20));
}

const isGzip = (bytes: Buffer): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** RFC 9110 means the zlib format by `deflate`; servers send raw streams as well, which have no such header. */
const isZlib = (bytes: Buffer): boolean => ((bytes[0] ?? 0) & 0x0f) === 8 && bytes.readUInt16BE(0) % 31 === 0;

function unpackedOnce(bytes: Buffer, coding: string, maxOutputLength: number): Buffer {
  // Loaded where it is needed, which for most runs is never.
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
      // What stands there may be any text.
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

/** Never more than `maxBytes` are unpacked, at any stage: a small body can hold gigabytes. */
function unpacked(bytes: Buffer, coding: string, maxBytes: number): Buffer {
  if (bytes.length === 0) return bytes;
  try {
    return unpackedOnce(bytes, coding, maxBytes);
  } catch (error) {
    // A proxy that unpacks may leave the header as it was, and some servers name a charset there.
    if (isText(bytes)) return bytes;
    throw failureOf(error, coding, maxBytes);
  }
}

/** Undoes all codings, the last applied first, and gzip that no header speaks of: no text begins like it. */
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

/** UTF-16 by its byte order mark, else by the zero beside the first character, which is an ASCII one in every answer. */
function utf16In([first, second]: Buffer): string | null {
  if ((first === 0xff && second === 0xfe) || (second === 0 && first !== 0 && first !== undefined)) return 'utf-16le';
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0 && second !== undefined)) return 'utf-16be';
  return null;
}

/** The charset that the header names, or a page itself; UTF-8 otherwise, as JSON is. */
function charsetOf(bytes: Buffer, contentType: string): string {
  const named = /;\s*charset\s*=\s*["']?([^\s;"',]+)/.exec(contentType)?.[1];
  if (named !== undefined) return named;
  const start = bytes.toString('latin1', 0, 1024);
  return (/^\s*</.test(start) && /<meta[^>]+charset\s*=\s*["']?([^\s;"'/>]+)/i.exec(start)?.[1]) || 'utf-8';
}

function decoded(bytes: Buffer, charset: string): string {
  // What claims to be UTF-16 and has no zeros is none.
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
 * Reads a body whatever its Content-Encoding (gzip, deflate, br, also several of them) and charset. Nobody here asks for
 * either; what has been paid for is read all the same. At most `maxBytes` bytes are unpacked.
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
