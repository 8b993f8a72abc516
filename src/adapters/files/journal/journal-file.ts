import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, type FileHandle, lstat, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UsageError } from '../../../domain/errors.ts';
import { codeOf, withPath } from '../../system/system-error.ts';
import { placeOf } from '../file-place.ts';
import { keepAside, syncFolder, takePlace } from '../replace-file.ts';
import { encodeHeader, headerStart, type JournalHeader } from './journal-header.ts';

/** The file contains solutions. */
const ownerOnly = 0o600;

const noFolder = (path: string): UsageError =>
  new UsageError(
    `the directory ${dirname(path)} of the journal ${path} does not exist`,
    'create the directory or correct --journal',
  );

/** The real path of the journal, so that two names for it share one lock. The file need not exist. */
export async function realPathOf(path: string): Promise<string> {
  const { path: real } = await placeOf(path);
  try {
    if ((await stat(dirname(real))).isDirectory()) return real;
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) throw error;
  }
  throw noFolder(path);
}

/** The length of a journal in bytes; 0 if there is none. Throws `UsageError` for anything but a regular file. */
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

/** Writes a new file durably; it must not exist. */
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

/** A temporary name next to `path` that no other process uses. */
export const temporaryNameFor = (path: string): string => `${path}.tmp-${randomBytes(6).toString('hex')}`;

/** Throws `UsageError` for a file that does not start like a journal. */
async function refuseOtherFiles(file: FileHandle, path: string): Promise<void> {
  const start = Buffer.alloc(headerStart.length);
  await file.read(start, 0, start.length, 0);
  if (start.toString('latin1') === headerStart) return;
  throw new UsageError(`${path} is not a journal of captcha batch`, 'use another file with --journal FILE');
}

/** Restricts the file to its owner. */
export async function makePrivate(file: FileHandle): Promise<void> {
  const { mode } = await file.stat();
  if ((mode & 0o077) !== 0) await file.chmod(ownerOnly);
}

/** Keeps a journal under another name before a new one replaces it; null if there is none. */
async function keepOld(path: string): Promise<string | null> {
  if ((await lengthOf(path)) === 0) return null;
  const file = await openForAppending(path);
  try {
    await makePrivate(file);
  } finally {
    await file.close();
  }
  return keepAside(path);
}

/**
 * Creates a journal that contains only a header. An existing journal is kept under another name, which is returned. The
 * new file is written under a temporary name and renamed, so a journal without a complete header never exists, and a
 * file that starts differently is another file and is not touched. `beforehand` runs when only the renaming can still
 * fail, while the old journal is still valid.
 */
export async function createJournal(
  path: string,
  header: JournalHeader,
  beforehand: () => Promise<void>,
): Promise<string | null> {
  const temporary = temporaryNameFor(path);
  try {
    await writeDurably(temporary, encodeHeader(header));
    await beforehand();
    const keptAs = await keepOld(path);
    await takePlace(temporary, await placeOf(path));
    return keptAs;
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}

/** True if the file itself is a mount point, like a file volume of a container: it then has another name elsewhere. */
async function isMounted(path: string): Promise<boolean> {
  const mounts = await readFile('/proc/self/mounts', 'utf8').catch(() => '');
  const escaped = path.replace(/[ \t\n\\]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
  return mounts.split('\n').some((line) => line.split(' ')[1] === escaped);
}

/** Another name of the same file in the same folder; null if none is found. */
async function otherNameBeside(path: string): Promise<string | null> {
  const { dev, ino } = await stat(path);
  for (const name of await readdir(dirname(path))) {
    const other = await lstat(join(dirname(path), name)).catch(() => null);
    if (name !== basename(path) && other?.dev === dev && other.ino === ino) return join(dirname(path), name);
  }
  return null;
}

/** True if a fresh start may have given this name to an old journal. */
const isKeptName = (name: string | null, path: string): boolean =>
  name !== null && name.startsWith(`${path}.`) && /^[0-9]+$/.test(name.slice(path.length + 1));

/**
 * Makes sure that a journal has a single name, under its lock. If a killed fresh start left a second name next to it,
 * the journal becomes a copy of its own. Throws `UsageError` for a journal with other names: the lock is next to the
 * journal, so each name would have its own lock.
 */
export async function ensureOneName(path: string): Promise<void> {
  const { nlink } = await stat(path);
  if (nlink > 1) {
    const other = await otherNameBeside(path);
    if (nlink === 2 && isKeptName(other, path)) return renewJournal(path);
    throw new UsageError(
      `the journal ${path} has ${nlink} names (hard links), so another batch could use it under another name`,
      `remove the other ${other === null ? 'names' : `name ${other}`}, or replace the file with a copy (cp, then mv)`,
    );
  }
  if (await isMounted(path)) {
    throw new UsageError(
      `the journal ${path} is a file mount, so another batch could use it under its other name`,
      'mount its directory, not the file',
    );
  }
}

/** Replaces a journal by a copy of it: a process that has the old file open can no longer write to this one. */
export async function renewJournal(path: string): Promise<void> {
  const temporary = temporaryNameFor(path);
  try {
    await copyFile(path, temporary, constants.COPYFILE_EXCL);
    const copy = await open(temporary, 'r+');
    await copy.sync().finally(() => copy.close());
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncFolder(path);
}

/** Opens a journal for reading. Throws `UsageError` for another kind of file. */
export async function openForReading(path: string): Promise<FileHandle> {
  if ((await lengthOf(path)) === 0)
    throw new UsageError(`${path} is empty or does not exist`, 'name the journal of a batch');
  const file = await open(path, constants.O_RDONLY);
  try {
    await refuseOtherFiles(file, path);
    return file;
  } catch (error) {
    await file.close();
    throw withPath(error, path);
  }
}

/** Opens a journal for reading and appending. Throws `UsageError` for another kind of file. Changes nothing. */
export async function openForAppending(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDWR | constants.O_APPEND | constants.O_NOFOLLOW);
  try {
    await refuseOtherFiles(file, path);
    return file;
  } catch (error) {
    await file.close();
    throw withPath(error, path);
  }
}
