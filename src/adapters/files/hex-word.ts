/**
 * Reads eight lower-case hexadecimal digits from `start` as a 32-bit number. `parseInt` of a slice takes five times as
 * long.
 */
export function readUint32Hex(digits: string, start: number): number {
  let word = 0;
  for (let at = start; at < start + 8; at++) {
    const code = digits.charCodeAt(at);
    word = word * 16 + (code < 58 ? code - 48 : code - 87);
  }
  return word;
}
