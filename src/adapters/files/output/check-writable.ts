import { access, constants, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { UsageError } from '../../../domain/usage-error.ts';
import { placeOf } from '../file-place.ts';

/**
 * Looks, and writes nothing, whether a file can be made or replaced. Throws `UsageError`, naming the flag that asked for
 * the file, where the name is a folder's or its folder is not there; the system's error where it may not be written.
 */
export async function checkWritable(flag: string, path: string): Promise<void> {
  const place = await placeOf(path);
  const { found, isFile } = place;
  if (found?.isDirectory() === true) throw new UsageError(`${flag} ${path}: a folder`, 'name a file in it');
  const folder = place.path === resolve(path) ? dirname(path) : dirname(place.path);
  const isFolder = (await stat(folder).catch(() => null))?.isDirectory() ?? false;
  if (!isFolder) throw new UsageError(`${flag} ${path}: there is no folder ${folder}`, `create it, or correct ${flag}`);
  try {
    await access(isFile ? folder : path, isFile ? constants.W_OK | constants.X_OK : constants.W_OK);
  } catch (error) {
    if (error instanceof Error) error.message = `${flag} ${path} cannot be written: ${error.message}`;
    throw error;
  }
}
