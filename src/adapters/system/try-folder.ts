import { randomUUID } from 'node:crypto';
import { rmdir, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from './make-folder.ts';

/** What came of writing into a folder. */
export interface FolderTrial {
  readonly existed: boolean;
  /** Null where a file could be written and removed. */
  readonly problem: { readonly code: string; readonly message: string } | null;
}

function problemOf(error: unknown): { code: string; message: string } {
  const { code = 'unknown error', message } = error as NodeJS.ErrnoException;
  return { code, message };
}

/** More than one block: a file system that is full still takes an empty file. */
const content = Buffer.alloc(8_192, ' ');

async function writeAndRemove(folder: string): Promise<void> {
  const path = join(folder, `.doctor-${randomUUID()}`);
  try {
    await writeFile(path, content, { flag: 'wx', mode: 0o600, flush: true });
  } catch (error) {
    await unlink(path).catch(() => undefined);
    throw error;
  }
  await unlink(path);
}

/**
 * Whether files can be kept in a folder, found out by doing so: makes it where it is missing, writes a file, runs `look`
 * while the folder is there, and leaves nothing behind. What somebody has used meanwhile stays.
 */
export async function tryFolder(folder: string, look: () => Promise<void>): Promise<FolderTrial> {
  let made: readonly string[] = [];
  try {
    made = await makeFolder(folder);
    await look();
    await writeAndRemove(folder);
    return { existed: made.length === 0, problem: null };
  } catch (error) {
    return { existed: made.length === 0, problem: problemOf(error) };
  } finally {
    for (const path of made.toReversed()) await rmdir(path).catch(() => undefined);
  }
}
