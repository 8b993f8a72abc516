import { crc32 } from 'node:zlib';

const sealOf = (body: Buffer | string): string => `,"c":"${crc32(body).toString(16).padStart(8, '0')}"}`;
const sealLength = sealOf(Buffer.alloc(0)).length;

/**
 * Seals a line: one line of JSON Lines whose last member `c` is the CRC-32 of everything before it. It stays plain JSON
 * for `jq` and `grep`, and a torn or changed line is detected without parsing. `open` is the JSON of an object without
 * its closing brace.
 */
export function sealed(open: string): Buffer {
  return Buffer.from(`${open}${sealOf(open)}\n`);
}

/** The sealed line of an object. */
export function sealLine(fields: object): Buffer {
  return sealed(JSON.stringify(fields).slice(0, -1));
}

/** The JSON of a line without newline, seal and closing brace; null if the seal does not match. */
export function openedSeal(line: Buffer): string | null {
  return isSealed(line) ? line.toString('utf8', 0, line.length - sealLength) : null;
}

/** True if the seal of a line (without its newline) matches. */
export function isSealed(line: Buffer): boolean {
  const sealAt = line.length - sealLength;
  return sealAt > 0 && line.toString('latin1', sealAt) === sealOf(line.subarray(0, sealAt));
}
