import { open, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { bodyHint, bodyOfFile, maxFileBytes } from '../../../protocol/image.ts';

/** The image as bare base64, or why it is not sent and how to fix that. */
type ImageRead = { readonly body: string } | { readonly reason: string; readonly fix: string };

/** Reads up to the size limit, regardless of the reported size: kernel files report 0 and may have no end. */
async function readStart(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const room = Buffer.allocUnsafe((size === 0 ? maxFileBytes : Math.min(size, maxFileBytes)) + 1);
    let length = 0;
    while (length < room.length) {
      const { bytesRead } = await file.read(room, length, room.length - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return room.subarray(0, length);
  } finally {
    await file.close();
  }
}

/**
 * The content of an image named by an input, as bare base64. The path is relative to the folder of `inputPath`, or with
 * `-` to the current one. Only images (or the sound of an audio CAPTCHA) are sent: an input may come from a third party
 * and must not upload other files of this machine.
 */
export async function readImage(path: string, inputPath: string): Promise<ImageRead> {
  const full = resolve(inputPath === '-' ? '.' : dirname(inputPath), path.trim());
  const fix = 'The path is relative to the input file.';
  try {
    const stats = await stat(full);
    // Opening a pipe waits for a writer, and a device may have no end.
    if (!stats.isFile())
      return { reason: `not sent: ${stats.isDirectory() ? 'a folder' : 'a device or pipe'}, not a file`, fix };
    const content = bodyOfFile(await readStart(full));
    if ('body' in content) return { body: content.body };
    return { reason: `not sent: it is ${content.fault}`, fix: `Name an image: ${bodyHint}.` };
  } catch (error) {
    return { reason: `cannot be read: ${error instanceof Error ? error.message : String(error)}`, fix };
  }
}
