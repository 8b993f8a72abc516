import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, type FileHandle, lstat, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UsageError } from '../../../domain/errors.ts';
import { codeOf, withPath } from '../../system/system-error.ts';
import { placeOf } from '../file-place.ts';
import { keepAside, syncFolder, takePlace } from '../replace-file.ts';
import { encodeHeader, headerStart, type JournalHeader } from './journal-header.ts';

/** Solutions are in it. */
const ownerOnly = 0o600;

const noFolder = (path: string): UsageError =>
  new UsageError(
    `the directory ${dirname(path)} of the journal ${path} does not exist`,
    'create the directory or correct --journal',
  );

/** Where the journal really is, so that one that is reached by two names has one lock. It need not exist. */
export async function realPathOf(path: string): Promise<string> {
  const { path: real } = await placeOf(path);
  try {
    if ((await stat(dirname(real))).isDirectory()) return real;
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) throw error;
  }
  throw noFolder(path);
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

/** Throws `UsageError` for a file that does not begin as a journal does. */
export async function refuseOtherFiles(file: FileHandle, path: string): Promise<void> {
  const start = Buffer.alloc(headerStart.length);
  await file.read(start, 0, start.length, 0);
  if (start.toString('latin1') === headerStart) return;
  throw new UsageError(`${path} is not a journal of captcha batch`, 'use another file with --journal FILE');
}

/** Takes from others what may be read by its owner only. */
export async function makePrivate(file: FileHandle): Promise<void> {
  const { mode } = await file.stat();
  if ((mode & 0o077) !== 0) await file.chmod(ownerOnly);
}

/** Keeps a journal under a name of its own before another one takes its place; null where there is none to keep. */
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
 * Makes a journal of a header only, in place of what has the name; a journal that is there is kept, and the answer says
 * under which name. Written elsewhere and renamed: a journal without its whole header never exists, so that what begins
 * otherwise is somebody's other file and is left alone. `beforehand` is done when nothing but the renaming can fail any
 * more, and while the old journal is still in force.
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

/** Whether a file is mounted by itself, as a container's volume may be: then it has another name elsewhere. */
async function isMounted(path: string): Promise<boolean> {
  const mounts = await readFile('/proc/self/mounts', 'utf8').catch(() => '');
  const escaped = path.replace(/[ \t\n\\]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
  return mounts.split('\n').some((line) => line.split(' ')[1] === escaped);
}

/** Another name of the same file in the same folder; null where there is none, or none that is found. */
async function otherNameBeside(path: string): Promise<string | null> {
  const { dev, ino } = await stat(path);
  for (const name of await readdir(dirname(path))) {
    const other = await lstat(join(dirname(path), name)).catch(() => null);
    if (name !== basename(path) && other?.dev === dev && other.ino === ino) return join(dirname(path), name);
  }
  return null;
}

/** Whether a name is one that a fresh start keeps an old journal under. */
const isKeptName = (name: string | null, path: string): boolean =>
  name !== null && name.startsWith(`${path}.`) && /^[0-9]+$/.test(name.slice(path.length + 1));

/**
 * Gives a journal back a name of its own, under its lock. A fresh start that was killed leaves a second one beside it, which
 * keeps a copy from then on. Throws `UsageError` for a journal that is reached by other names: the lock stands beside it, so
 * that each name would have one of its own.
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

/** Puts a copy of a journal in its place: who has the old one open no longer writes to this one. */
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

/** Opens a journal to be read anywhere and appended to. Throws `UsageError` for a file that is none; nothing is changed. */
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
