/** One pixel as PNG and as GIF; for the others only the signature, which is what the code checks. In hex. */
const beginnings = {
  png: '89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6364f8ff5f0f0002870180eb47ba920000000049454e44ae426082',
  jpeg: 'ffd8ffe000104a46494600010100000100010000',
  gif: '47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b',
  bmp: '424d8e000000000000003600000028000000010000000100',
  webp: '52494646840000005745425056503820',
  mp3: '494433040000000000',
  wav: '524946468400000057415645666d7420',
} as const;

export type ImageKind = keyof typeof beginnings;

/** A file with the signature of its kind, of the service's minimum size by default. */
export function anImage(kind: ImageKind = 'png', size = 120): Buffer {
  const bytes = Buffer.alloc(size, 'x');
  Buffer.from(beginnings[kind], 'hex').copy(bytes);
  return bytes;
}

/** The same as base64; `mark` makes a different image. */
export function imageText(mark = ''): string {
  return Buffer.concat([anImage(), Buffer.from(mark)]).toString('base64');
}
