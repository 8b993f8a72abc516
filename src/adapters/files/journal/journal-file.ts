import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UsageError } from '../../../domain/usage-error.ts';
import { encodeHeader, type JournalHeader } from './journal-header.ts';
import { codeOf, withPath } from './system-error.ts';

/** Solutions are in it. */
const ownerOnly = 0o600;

const noFolder = (path: string): UsageError =>
  new UsageError(`there is no folder ${dirname(path)} for the journal ${path}`, 'create it, or correct --journal');

/** Where the journal really is, so that one that is reached by two names has one lock. It need not exist. */
export async function realPathOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (codeOf(error) === 'ENOTDIR') throw noFolder(path);
    if (codeOf(error) !== 'ENOENT') throw error;
  }
  try {
    return join(await realpath(dirname(path)), basename(path));
  } catch (error) {
    throw codeOf(error) === 'ENOENT' ? noFolder(path) : error;
  }
}

/** The length of a journal in bytes; 0 where there is none. Throws `UsageError` for what cannot be one. */
export async function lengthOf(path: string): Promise<number> {
  try {
    const found = await stat(path);
    if (found.isFile()) return found.size;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 0;
    throw error;
  }
  throw new UsageError(`the journal ${path} is not a regular file`, 'correct --journal');
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Writes a file that must not exist, durably. */
export async function writeDurably(path: string, content: string | Buffer): Promise<void> {
  const file = await open(path, 'wx', ownerOnly);
  try {
    await file.writeFile(content);
    await file.sync();
  } catch (error) {
    throw withPath(error, path);
  } finally {
    await file.close();
  }
}

/** A name beside `path` that nobody else uses. */
export const temporaryNameFor = (path: string): string => `${path}.tmp-${randomBytes(6).toString('hex')}`;

/**
 * Makes a journal of a header only, in place of what has the name. Written elsewhere and renamed: a journal without its
 * whole header never exists, so that what begins otherwise is somebody's other file and is left alone.
 */
export async function createJournal(path: string, header: JournalHeader): Promise<void> {
  const temporary = temporaryNameFor(path);
  try {
    await writeDurably(temporary, encodeHeader(header));
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncFolder(path);
}

/** Keeps a journal that is about to be replaced under the first free name `<path>.1`, `<path>.2`, …, and answers it. */
export async function keepOldJournal(path: string): Promise<string> {
  for (let n = 1; ; n++) {
    try {
      await link(path, `${path}.${n}`);
      return `${path}.${n}`;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
  }
}

/** Opens a journal to be read anywhere and appended to. */
export async function openForAppending(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDWR | constants.O_APPEND);
  try {
    const { mode } = await file.stat();
    if ((mode & 0o077) !== 0) await file.chmod(ownerOnly);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}
