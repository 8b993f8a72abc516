import type { FileHandle } from 'node:fs/promises';

export interface Line {
  /** The line without its newline. */
  readonly bytes: Buffer;
  /** Offset of the line in the file. */
  readonly at: number;
  /** False for a last line without a newline. */
  readonly isWhole: boolean;
}

const newline = 10;
const chunkBytes = 1 << 20;

function wholeLinesOf(bytes: Buffer, at: number): Line[] {
  const lines: Line[] = [];
  let start = 0;
  for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
    lines.push({ bytes: bytes.subarray(start, end), at: at + start, isWhole: true });
    start = end + 1;
  }
  return lines;
}

function doubled(full: Buffer): Buffer {
  const larger = Buffer.allocUnsafe(2 * full.length);
  full.copy(larger);
  return larger;
}

/**
 * The lines of a file between two offsets, in batches of one read each. The bytes are valid until the next batch is
 * requested: all reads use one buffer, which grows only for a line that does not fit.
 */
export async function* readLines(file: FileHandle, { from, to }: { from: number; to: number }): AsyncGenerator<Line[]> {
  let buffer: Buffer = Buffer.allocUnsafe(Math.max(1, Math.min(chunkBytes, to - from)));
  let at = from;
  let filled = 0;
  for (;;) {
    if (filled === buffer.length) buffer = doubled(buffer);
    const wanted = Math.min(buffer.length - filled, to - at - filled);
    const { bytesRead } = await file.read(buffer, filled, wanted, at + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
    const lines = wholeLinesOf(buffer.subarray(0, filled), at);
    yield lines;
    const last = lines.at(-1);
    const used = last === undefined ? 0 : last.at + last.bytes.length + 1 - at;
    buffer.copyWithin(0, used, filled);
    filled -= used;
    at += used;
  }
  if (filled > 0) yield [{ bytes: buffer.subarray(0, filled), at, isWhole: false }];
}

/** The complete line at an offset; null if no newline follows before `to`. */
export async function readLineAt(file: FileHandle, range: { from: number; to: number }): Promise<Buffer | null> {
  for (let size = 4096; ; size *= 4) {
    const to = Math.min(range.to, range.from + size);
    for await (const [line] of readLines(file, { from: range.from, to })) {
      if (line?.isWhole === true) return line.bytes;
    }
    if (to === range.to) return null;
  }
}
