import { mkdirSync, statSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf } from './system-error.ts';

/** Null if the folder already exists. */
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
 * Creates a folder (absolute path) and its missing parents, for this user only. Returns the created folders, outermost
 * first. Node's `recursive` option loops forever on file systems without folders, such as `/proc`.
 */
export async function makeFolder(path: string): Promise<readonly string[]> {
  const parent = dirname(path);
  const exists = parent === path || (await stat(parent).catch(() => null)) !== null;
  const above = exists ? [] : await makeFolder(parent);
  const made = await makeOne(path);
  return made === null ? above : [...above, made];
}

/** Like `makeFolder`, at once. */
export function makeFolderNow(path: string): void {
  const parent = dirname(path);
  if (parent !== path && statSync(parent, { throwIfNoEntry: false }) === undefined) makeFolderNow(parent);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST' || !statSync(path).isDirectory()) throw error;
  }
}
