import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, lstat, open, readdir, rename, rm, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UsageError } from '../../domain/errors.ts';
import { codeOf, withPath } from '../system/system-error.ts';
import { changeOf, type FilePlace } from './file-place.ts';

/** Error codes of file systems without hard links, and of kernels that refuse links to files of other users. */
const cannotLink = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];
/** Error codes of systems on which a folder cannot be opened or synced; these are ignored. */
const cannotSync = ['EINVAL', 'ENOTSUP', 'EISDIR', 'EPERM', 'EACCES'];

/** Makes changes of names in the folder of `path` durable. */
export async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(dirname(path), 'r');
    await folder.sync().finally(() => folder.close());
  } catch (error) {
    if (!cannotSync.includes(codeOf(error) ?? '')) throw withPath(error, dirname(path));
  }
}

/** Suffix of a temporary file's name; the mark and random digits follow. */
export const temporaryEnd = '.partial-';

/** A file that is written next to the one that it will replace. */
export interface TemporaryFile {
  readonly file: FileHandle;
  readonly path: string;
}

/** Copies the permissions of the replaced file, and its owner if allowed. */
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
  // Permissions for one group must not go to another group.
  await file.chmod(isTheirs || own.gid === gid ? mode : mode & 0o707);
}

/**
 * Creates a temporary file with an unpredictable name; an existing file or link of that name is never opened. It gets
 * the mode of the existing file, else 0666 minus the umask. `mark` (hex) identifies its owner.
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

/** Removes the temporary files of killed processes with this mark, which no other process is using. */
export async function removeAbandoned({ path }: FilePlace, mark: string): Promise<void> {
  const start = `${basename(path)}${temporaryEnd}${mark}-`;
  const names = (await readdir(dirname(path)).catch(() => [])).filter(
    (name) => name.startsWith(start) && /^[0-9a-f]{12}$/.test(name.slice(start.length)),
  );
  for (const name of names) await unlink(join(dirname(path), name)).catch(() => undefined);
}

/** Creates a hard link, or renames if links are not supported; false if the new name exists. */
async function tryLink(path: string, name: string): Promise<boolean> {
  try {
    await link(path, name);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    if (!cannotLink.includes(codeOf(error) ?? '')) throw error;
  }
  try {
    // The name is reserved first: rename(2) would replace a file that another program created meanwhile.
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
 * Moves a finished temporary file to its final name, durably. Throws `UsageError` if another program has changed the
 * target since it was resolved: its file is not replaced.
 */
export async function takePlace(temporary: string, place: FilePlace): Promise<void> {
  const change = await changeOf(place);
  if (change === 'other') throw changed(place);
  if (change === 'none' && place.found !== null) await rename(temporary, place.path);
  else {
    if (!(await tryLink(temporary, place.path))) throw changed(place);
    // Without link support the file was already renamed.
    await unlink(temporary).catch(() => undefined);
  }
  await syncFolder(place.path);
}

async function isSameFile(path: string, other: string): Promise<boolean> {
  const [one, two] = await Promise.all([lstat(path, { bigint: true }), lstat(other, { bigint: true })]);
  return one.dev === two.dev && one.ino === two.ino;
}

/**
 * Keeps a file that will be replaced under the first free name `<path>.1`, `<path>.2` and so on, durably, and returns
 * that name. No file is overwritten. The file also keeps its own name until it is replaced; without hard links it is
 * renamed. A copy that a killed run already made is not made twice.
 */
export async function keepAside(path: string): Promise<string> {
  for (let count = 1; ; count += 1) {
    const name = `${path}.${count}`;
    if (!(await tryLink(path, name)) && !(await isSameFile(path, name).catch(() => false))) continue;
    await syncFolder(path);
    return name;
  }
}

/** Throws `UsageError` for a non-empty file that `isOurs` does not recognise by its start. */
export async function checkIsOurs(
  { path, found }: FilePlace,
  isOurs: (start: string) => boolean,
  what: string,
): Promise<void> {
  if (found === null || found.size === 0n) return;
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    // Large enough for the header of a CSV with ten thousand columns.
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(Number(found.size), 1 << 20)), 0);
    const start = buffer.toString('utf8', 0, bytesRead);
    if (isOurs(start)) return;
  } finally {
    await file.close();
  }
  throw new UsageError(`${path} is not ${what} and would be replaced`, 'use another file, or move this one away');
}

/** Replaces a file atomically. A device or a pipe is written to directly. */
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
