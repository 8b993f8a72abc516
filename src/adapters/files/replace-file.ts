import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, lstat, open, readdir, rename, rm, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UsageError } from '../../domain/errors.ts';
import { codeOf, withPath } from '../system/system-error.ts';
import { changeOf, type FilePlace } from './file-place.ts';

/** Codes of file systems without hard links, and of kernels that refuse to link what belongs to somebody else. */
const cannotLink = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];
/** Codes of systems on which a folder cannot be opened or synced: there is nothing more to be done for it. */
const cannotSync = ['EINVAL', 'ENOTSUP', 'EISDIR', 'EPERM', 'EACCES'];

/** Makes durable that a name in the folder of `path` was added, replaced or removed. */
export async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(dirname(path), 'r');
    await folder.sync().finally(() => folder.close());
  } catch (error) {
    if (!cannotSync.includes(codeOf(error) ?? '')) throw withPath(error, dirname(path));
  }
}

/** What a temporary file's name has after that of the file that it becomes; the owner's mark and chance follow. */
export const temporaryEnd = '.partial-';

/** A file that grows beside the one whose place it is going to take. */
export interface TemporaryFile {
  readonly file: FileHandle;
  readonly path: string;
}

/** Gives a file the permissions of the one that it replaces, and its owner where that may be. */
async function takeOverAccess(file: FileHandle, { found }: FilePlace): Promise<void> {
  if (found === null) return;
  const [uid, gid, mode] = [Number(found.uid), Number(found.gid), Number(found.mode) & 0o777];
  const own = await file.stat();
  const isOwners = own.uid === uid && own.gid === gid;
  const isTheirs =
    isOwners ||
    (await file.chown(uid, gid).then(
      () => true,
      () => false,
    ));
  // What was meant for one group is not for another.
  await file.chmod(isTheirs || own.gid === gid ? mode : mode & 0o707);
}

/**
 * Begins a temporary file under a name that cannot be foreseen; what has that name, a link above all, is never opened.
 * It has the mode of the file that is there, else what the umask leaves of 0666. `mark` (hex) tells whose it is.
 */
export async function openTemporary(place: FilePlace, mark: string): Promise<TemporaryFile> {
  const path = `${place.path}${temporaryEnd}${mark}-${randomBytes(6).toString('hex')}`;
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const file = await open(path, flags, place.found === null ? 0o666 : 0o600);
  try {
    await takeOverAccess(file, place);
    return { file, path };
  } catch (error) {
    await file.close().finally(() => rm(path, { force: true }));
    throw withPath(error, path);
  }
}

/** Removes what killed processes have left of temporary files with this mark, of which nobody else may write one now. */
export async function removeAbandoned({ path }: FilePlace, mark: string): Promise<void> {
  const start = `${basename(path)}${temporaryEnd}${mark}-`;
  const names = (await readdir(dirname(path)).catch(() => [])).filter(
    (name) => name.startsWith(start) && /^[0-9a-f]{12}$/.test(name.slice(start.length)),
  );
  for (const name of names) await unlink(join(dirname(path), name)).catch(() => undefined);
}

/** Links, or renames where there are no links; false where the new name is taken. */
async function tryLink(path: string, name: string): Promise<boolean> {
  try {
    await link(path, name);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    if (!cannotLink.includes(codeOf(error) ?? '')) throw error;
  }
  try {
    // The name is claimed first: rename(2) would replace what somebody else put there in the meantime.
    await (await open(name, 'wx', 0o600)).close();
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
  await rename(path, name);
  return true;
}

function changed({ path, found }: FilePlace): UsageError {
  const what = found === null ? 'was just created' : 'was just replaced';
  return new UsageError(`${path} ${what} by another program`, 'check the file, then run the same command again');
}

/**
 * Gives a written file the name that it is for, durably. Throws `UsageError` where that is not as it was when the run
 * looked: what another program has put there is not replaced.
 */
export async function takePlace(temporary: string, place: FilePlace): Promise<void> {
  const change = await changeOf(place);
  if (change === 'other') throw changed(place);
  if (change === 'none' && place.found !== null) await rename(temporary, place.path);
  else {
    if (!(await tryLink(temporary, place.path))) throw changed(place);
    // Where there are no links it is renamed already.
    await unlink(temporary).catch(() => undefined);
  }
  await syncFolder(place.path);
}

async function isSameFile(path: string, other: string): Promise<boolean> {
  const [one, two] = await Promise.all([lstat(path, { bigint: true }), lstat(other, { bigint: true })]);
  return one.dev === two.dev && one.ino === two.ino;
}

/**
 * Keeps a file that is about to be replaced under the first free name `<path>.1`, `<path>.2` and so on, durably, and
 * answers it. No file is ever replaced by it. It stays under its own name, too, until it is replaced; where the file
 * system has no hard links it is renamed. One that a killed run kept is not kept twice.
 */
export async function keepAside(path: string): Promise<string> {
  for (let count = 1; ; count += 1) {
    const name = `${path}.${count}`;
    if (!(await tryLink(path, name)) && !(await isSameFile(path, name).catch(() => false))) continue;
    await syncFolder(path);
    return name;
  }
}

/** Throws `UsageError` for a file with something in it that does not begin as it would if it were ours. */
export async function checkIsOurs(
  { path, found }: FilePlace,
  isOurs: (start: string) => boolean,
  what: string,
): Promise<void> {
  if (found === null || found.size === 0n) return;
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    // The header of a CSV with ten thousand columns has its place in it.
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(Number(found.size), 1 << 20)), 0);
    const start = buffer.toString('utf8', 0, bytesRead);
    if (isOurs(start)) return;
  } finally {
    await file.close();
  }
  throw new UsageError(`${path} is not ${what} and would be replaced`, 'use another file, or move this one away');
}

/** Writes a whole file in place of what is there, at once. A device or a pipe is written to. */
export async function replaceFile(place: FilePlace, text: string): Promise<void> {
  if (!place.isFile) {
    const stream = await open(place.path, 'a');
    return stream.writeFile(text).finally(() => stream.close());
  }
  const temporary = await openTemporary(place, '0');
  try {
    await temporary.file
      .writeFile(text)
      .then(() => temporary.file.sync())
      .finally(() => temporary.file.close());
    await takePlace(temporary.path, place);
  } catch (error) {
    await rm(temporary.path, { force: true });
    throw withPath(error, place.path);
  }
}
