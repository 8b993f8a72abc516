import { UsageError } from '../../../domain/usage-error.ts';

/** How the bytes of an input stand for text. */
export interface Encoding {
  /** As `TextDecoder` names it. */
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

/** What people hand in by mistake, by its first bytes, and what helps. */
const strangers: readonly (readonly [name: string, hint: string, ...bytes: readonly number[]])[] = [
  ['gzip data', 'unpack it on the way: gunzip -c FILE | captcha batch -', 0x1f, 0x8b],
  ['a spreadsheet or a zip archive', 'export it as CSV (UTF-8)', 0x50, 0x4b, 3, 4],
  ['an image', 'solve one with: captcha solve FILE', 0x89, 0x50, 0x4e, 0x47],
  ['an image', 'solve one with: captcha solve FILE', 0xff, 0xd8, 0xff],
  ['an image', 'solve one with: captcha solve FILE', 0x47, 0x49, 0x46, 0x38],
];

const startsWith = (head: Uint8Array, bytes: readonly number[]): boolean =>
  bytes.every((byte, index) => head[index] === byte);

/** UTF-16 without a mark: text of the first 256 characters has a zero in every other byte. */
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
    throw new UsageError(`--encoding: ${encoding} is not known`, 'utf-8, utf-16le, utf-16be and windows-1252 are');
  }
}

function withoutMark(head: Uint8Array): string {
  const stranger = strangers.find(([, , ...bytes]) => startsWith(head, bytes));
  if (stranger !== undefined) throw new UsageError(`the input is not text but ${stranger[0]}`, stranger[1]);
  if (!head.includes(0)) return 'utf-8';
  const name = unmarkedUtf16(head);
  if (name === null) throw new UsageError('the input is not text', 'it is to be CSV or JSON Lines');
  return name;
}

/**
 * In which encoding an input is written, by the first bytes of it. A byte order mark counts more than `asked`, which
 * counts more than a guess; null asks for nothing. Throws `UsageError` for what is not text.
 */
export function sniffEncoding(head: Uint8Array, asked: string | null): Encoding {
  const mark = marks.find(([, ...bytes]) => startsWith(head, bytes));
  if (mark === undefined) return { name: asked === null ? withoutMark(head) : canonicalName(asked), markBytes: 0 };
  const [name, ...bytes] = mark;
  if (name.startsWith('utf-32')) throw new UsageError('the input is UTF-32, which is not read', 'save it as UTF-8');
  return { name, markBytes: bytes.length };
}
