const [lf, cr] = [10, 13];

const isEnd = (byte: number | undefined): boolean => byte === lf || byte === cr;

/** How many lines end in these bytes; CRLF, LF and CR end one. */
export function countLines(bytes: Buffer): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] === lf || (bytes[at] === cr && bytes[at + 1] !== lf)) count++;
  }
  return count;
}

/** The length of the blank lines with which these bytes begin. */
export function blankLineBytes(bytes: Buffer): number {
  let length = 0;
  while (isEnd(bytes[length])) length++;
  return length;
}

/** The offset behind the end of the line in which `from` lies; null where that line does not end. */
export function nextLine(bytes: Buffer, from: number): number | null {
  for (let at = from; at < bytes.length; at++) {
    if (isEnd(bytes[at])) return bytes[at] === cr && bytes[at + 1] === lf ? at + 2 : at + 1;
  }
  return null;
}

/** Whether the last byte ends a line. */
export function endsWithLine(bytes: Buffer): boolean {
  return isEnd(bytes.at(-1));
}
