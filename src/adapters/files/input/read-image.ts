import { readFile, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve } from 'node:path';

/** How the files of PNG, JPEG, GIF, BMP, and WebP begin, in hex. */
const signatures = ['89504e47', 'ffd8ff', '47494638', '424d', '52494646'];

const isImage = (content: Buffer): boolean =>
  signatures.some((start) => content.toString('hex', 0, 4).startsWith(start));

/** Where a file really is, whatever links led there. */
async function isInside(path: string, folder: string): Promise<boolean> {
  const [realFolder, realPath] = await Promise.all([realpath(folder), realpath(path)]);
  const way = relative(realFolder, realPath);
  return !way.startsWith('..') && !isAbsolute(way);
}

/**
 * The content of an image that an input names, as bare base64, or why there is none. The path is relative to the folder of
 * `inputPath`, or with `-` to this one. What is outside of it is sent only if it begins like an image: an input may come
 * from somebody else, and is not to upload what else lies on this machine.
 */
export async function readImage(
  path: string,
  inputPath: string,
): Promise<{ readonly body: string } | { readonly reason: string }> {
  const folder = inputPath === '-' ? '.' : dirname(inputPath);
  const full = resolve(folder, path);
  try {
    const content = await readFile(full);
    if (!isImage(content) && !(await isInside(full, folder))) {
      return { reason: "not sent: it is outside of the input's folder, and no PNG, JPEG, GIF, BMP or WebP" };
    }
    return { body: content.toString('base64') };
  } catch (error) {
    return { reason: `cannot be read: ${error instanceof Error ? error.message : String(error)}` };
  }
}
