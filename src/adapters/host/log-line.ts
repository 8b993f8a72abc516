import { crc32 } from 'node:zlib';

/** One line of a log: an entry, or the seal, after which nothing counts. */
export interface LogLine<Entry> {
  /** On the clock of the host. */
  readonly at: number;
  readonly by: string;
  /** Counts what `by` has written. */
  readonly n: number;
  readonly entry?: Entry;
  readonly sealed?: true;
}

const sealOf = (body: Buffer): string => `,"c":"${crc32(body).toString(16).padStart(8, '0')}"}`;
const sealLength = sealOf(Buffer.alloc(0)).length;

/** JSON whose last member is the CRC-32 of everything before it, so that a torn line is told from a whole one. */
export function sealJson(fields: object): string {
  const body = JSON.stringify(fields).slice(0, -1);
  return body + sealOf(Buffer.from(body));
}

/** What a line says; null where it is torn or was never a line of a log. */
export function readSealed(line: Buffer): object | null {
  const sealAt = line.length - sealLength;
  if (sealAt <= 0 || line.toString('latin1', sealAt) !== sealOf(line.subarray(0, sealAt))) return null;
  return JSON.parse(`${line.toString('utf8', 0, sealAt)}}`) as object;
}

/** Lines as they are appended: the newline in front ends what a full disk may have torn. */
export function encodeLines(lines: readonly LogLine<unknown>[]): Buffer {
  return Buffer.from(lines.map((line) => `\n${sealJson(line)}\n`).join(''));
}
