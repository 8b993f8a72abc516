import { open, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { ImageRead } from '../../../ports/files.ts';
import { bodyHint, bodyOfFile, maxFileBytes } from '../../../protocol/image.ts';
import { readReasonOf } from '../../system/system-error.ts';

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
  if (/^\s*(?:https?:\/\/|data:)/i.test(path)) {
    const fix = 'Download the image and name the file, or write its base64 into the column body.';
    return { error: { reason: 'the value is a URL, not a file', fix } };
  }
  const full = resolve(inputPath === '-' ? '.' : dirname(inputPath), path.trim());
  const fix = 'The path is relative to the input file.';
  try {
    const stats = await stat(full);
    // Opening a pipe waits for a writer, and a device may have no end.
    if (!stats.isFile()) {
      const reason = `not sent: ${stats.isDirectory() ? 'a directory' : 'a device or pipe'}, not a file`;
      return { error: { reason, fix } };
    }
    const content = bodyOfFile(await readStart(full));
    if ('value' in content) return { value: content.value.body };
    return { error: { reason: `not sent: the file is ${content.error}`, fix: `Use an image: ${bodyHint}.` } };
  } catch (error) {
    const reason = readReasonOf(error) ?? `cannot be read (${error instanceof Error ? error.message : String(error)})`;
    return { error: { reason, fix } };
  }
}
