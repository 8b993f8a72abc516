import { crc32 } from 'node:zlib';

const sealOf = (body: Buffer | string): string => `,"c":"${crc32(body).toString(16).padStart(8, '0')}"}`;
const sealLength = sealOf(Buffer.alloc(0)).length;

/**
 * One line of JSON Lines whose last member `c` is the CRC-32 of everything before it: still plain JSON for `jq` and
 * `grep`, and a line that was torn or changed is told without parsing it. `open` is the JSON of an object without the
 * brace that closes it.
 */
export function sealed(open: string): Buffer {
  return Buffer.from(`${open}${sealOf(open)}\n`);
}

/** The line of an object. */
export function sealLine(fields: object): Buffer {
  return sealed(JSON.stringify(fields).slice(0, -1));
}

/** The JSON of a line without its newline, its seal and the brace that closes it; null where it is not as it was written. */
export function openedSeal(line: Buffer): string | null {
  return isSealed(line) ? line.toString('utf8', 0, line.length - sealLength) : null;
}

/** Whether a line, without its newline, is as it was written. */
export function isSealed(line: Buffer): boolean {
  const sealAt = line.length - sealLength;
  return sealAt > 0 && line.toString('latin1', sealAt) === sealOf(line.subarray(0, sealAt));
}
