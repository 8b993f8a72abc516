import type { FileHandle } from 'node:fs/promises';

export interface Line {
  /** Without the newline. */
  readonly bytes: Buffer;
  /** Where it begins in the file. */
  readonly at: number;
  /** False for a last line that has no newline. */
  readonly isWhole: boolean;
}

const newline = 10;
const chunkBytes = 1 << 20;
const largestRead = 1 << 26;

function wholeLinesOf(bytes: Buffer, at: number): Line[] {
  const lines: Line[] = [];
  let start = 0;
  for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
    lines.push({ bytes: bytes.subarray(start, end), at: at + start, isWhole: true });
    start = end + 1;
  }
  return lines;
}

/** The lines of a file between two offsets, as many at a time as one read brings. */
export async function* readLines(file: FileHandle, { from, to }: { from: number; to: number }): AsyncGenerator<Line[]> {
  let rest = Buffer.alloc(0);
  let at = from;
  for (;;) {
    // A line longer than a chunk is read in growing steps, so that it is not copied once per chunk.
    const wanted = Math.min(Math.max(chunkBytes, rest.length), largestRead, to - at - rest.length);
    const chunk = Buffer.allocUnsafe(wanted);
    const { bytesRead } = await file.read(chunk, 0, wanted, at + rest.length);
    if (bytesRead === 0) break;
    const bytes = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
    const lines = wholeLinesOf(bytes, at);
    const last = lines.at(-1);
    const used = last === undefined ? 0 : last.at + last.bytes.length + 1 - at;
    rest = bytes.subarray(used);
    at += used;
    yield lines;
  }
  if (rest.length > 0) yield [{ bytes: rest, at, isWhole: false }];
}

/** The whole line that begins at an offset; null where there is none before `to`. */
export async function readLineAt(file: FileHandle, range: { from: number; to: number }): Promise<Buffer | null> {
  for (let size = 4096; ; size *= 4) {
    const to = Math.min(range.to, range.from + size);
    for await (const [line] of readLines(file, { from: range.from, to })) {
      if (line?.isWhole === true) return line.bytes;
    }
    if (to === range.to) return null;
  }
}
