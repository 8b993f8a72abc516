import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf } from './system-error.ts';

/** Null where it stood there already. */
async function makeOne(path: string): Promise<string | null> {
  try {
    await mkdir(path, { mode: 0o700 });
    return path;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST' || !(await stat(path)).isDirectory()) throw error;
    return null;
  }
}

/**
 * Makes a folder (absolute) and those above it that are missing, for this user alone. Answers what was made, the
 * outermost first. Node's own `recursive` tries for ever where a file system takes no folders, as `/proc` does.
 */
export async function makeFolder(path: string): Promise<readonly string[]> {
  const parent = dirname(path);
  const exists = parent === path || (await stat(parent).catch(() => null)) !== null;
  const above = exists ? [] : await makeFolder(parent);
  const made = await makeOne(path);
  return made === null ? above : [...above, made];
}
