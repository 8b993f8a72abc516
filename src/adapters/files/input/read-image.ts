import { open, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { bodyHint, bodyOfFile, maxFileBytes } from '../../../protocol/image.ts';
import { readReasonOf } from '../../system/system-error.ts';

/** What an input's file holds: bare base64, or why it is not sent and what to do about it. */
type ImageRead = { readonly body: string } | { readonly reason: string; readonly fix: string };

/** So much of a file as is worth reading, whatever its size is said to be: a file of the kernel says 0 and has no end. */
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
 * The content of an image that an input names, as bare base64. The path is relative to the folder of `inputPath`, or with
 * `-` to this one. Nothing but an image (or the sound of an audio CAPTCHA) is sent, wherever it lies: an input may come from
 * somebody else, and is not to upload what else lies on this machine.
 */
export async function readImage(path: string, inputPath: string): Promise<ImageRead> {
  const full = resolve(inputPath === '-' ? '.' : dirname(inputPath), path.trim());
  const fix = 'The path is relative to the input file.';
  try {
    const stats = await stat(full);
    // To open a pipe waits for a writer, and a device may never end.
    if (!stats.isFile())
      return { reason: `not sent: ${stats.isDirectory() ? 'a directory' : 'a device or pipe'}, not a file`, fix };
    const content = bodyOfFile(await readStart(full));
    if ('body' in content) return { body: content.body };
    return { reason: `not sent: the file is ${content.fault}`, fix: `Use an image: ${bodyHint}.` };
  } catch (error) {
    const reason = readReasonOf(error) ?? `cannot be read (${error instanceof Error ? error.message : String(error)})`;
    return { reason, fix };
  }
}
