import { writeFile } from 'node:fs/promises';
import { UsageError } from '../../domain/errors.ts';

/** Creates a file with this text and returns its path. Throws `UsageError` if something is there, and system errors. */
export async function createFile(path: string, text: string): Promise<string> {
  try {
    await writeFile(path, text, { flag: 'wx' });
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new UsageError(`${path} exists already; it was not changed`, 'Choose another name.');
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new UsageError(`${path} cannot be created: its folder does not exist`, 'Create the folder first.');
    throw error;
  }
  return path;
}
