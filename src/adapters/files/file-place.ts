import { type BigIntStats, fstatSync } from 'node:fs';
import { lstat, readdir, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { UsageError } from '../../domain/errors.ts';

/** A file name resolved to its place in the file system. */
export interface FilePlace {
  /** Absolute path with all links followed, dangling ones included. */
  readonly path: string;
  /** Null if nothing exists there. */
  readonly found: BigIntStats | null;
  /** True for a regular file and for a free name. A device, a pipe or an open stream is never replaced. */
  readonly isFile: boolean;
}

/** The kernel's limit of links (path_resolution(7)). */
const maxLinks = 40;
/** Names of open streams. Behind them may be a file that the parent process writes too. */
const streamName = /^\/(dev\/(std(in|out|err)|fd\/\d+)|proc\/(self|\d+)\/fd\/\d+)$/;

const identityOf = ({ dev, ino }: BigIntStats): string => `${dev}:${ino}`;

const statOf = (path: string): Promise<BigIntStats | null> => stat(path, { bigint: true }).catch(() => null);

/** The path at which a file with this name would be created. */
async function followed(path: string): Promise<string> {
  let name = path;
  for (let links = 0; links <= maxLinks; links += 1) {
    const folder = await realpath(dirname(name)).catch(() => resolve(dirname(name)));
    const full = join(folder, basename(name));
    const target = await readlink(full).catch(() => null);
    if (target === null) return full;
    name = resolve(folder, target);
  }
  throw new UsageError(`${path}: a circular link`, 'use the path of a file');
}

/** Resolves a name. Throws `UsageError` for links that cannot be resolved. */
export async function placeOf(path: string): Promise<FilePlace> {
  const found = await statOf(path);
  if (found === null) return { path: await followed(path), found, isFile: true };
  if (!found.isFile() || streamName.test(path)) return { path, found, isFile: false };
  return { path: await realpath(path), found, isFile: true };
}

/** What happened to a place since it was resolved. */
export async function changeOf({ path, found }: FilePlace): Promise<'none' | 'gone' | 'other'> {
  const now = await lstat(path, { bigint: true }).catch(() => null);
  if (now === null) return found === null ? 'none' : 'gone';
  return found !== null && identityOf(now) === identityOf(found) ? 'none' : 'other';
}

/** One file of a run and its role. */
export interface FileUse {
  /** The user's name for the file, such as `--out`. */
  readonly what: string;
  readonly path: string;
  readonly isWritten: boolean;
  /** Suffixes of further names that the file uses in its folder, such as `.lock`. */
  readonly reserves: readonly string[];
}

/** A standard stream of this process that may be redirected to a file. */
export interface StreamUse {
  readonly what: string;
  readonly fd: number;
  readonly isWritten: boolean;
}

interface Placed extends FileUse {
  readonly place: FilePlace;
  /** Identity of the folder, so that two paths to it compare equal. */
  readonly folder: string;
  readonly name: string;
  /** The name without differences in case and Unicode composition. */
  readonly folded: string;
}

const foldedName = (name: string): string => name.normalize('NFC').toLowerCase();

function swappedCase(name: string): string {
  const upper = name.toUpperCase();
  return upper === name ? name.toLowerCase() : upper;
}

/**
 * True if the folder's file system ignores case. If the folder has no name to test with, the platform's default counts.
 */
async function ignoresCase(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch(() => []);
  const telling = names.find((name) => swappedCase(name) !== name);
  if (telling === undefined) return process.platform === 'darwin' || process.platform === 'win32';
  const [asIs, swapped] = await Promise.all([
    statOf(join(folder, telling)),
    statOf(join(folder, swappedCase(telling))),
  ]);
  return asIs !== null && swapped !== null && identityOf(asIs) === identityOf(swapped);
}

async function placed(use: FileUse): Promise<Placed> {
  const place = await placeOf(use.path);
  const folderPath = dirname(place.path);
  const folder = await statOf(folderPath);
  const name = basename(place.path);
  return { ...use, place, folder: folder === null ? folderPath : identityOf(folder), name, folded: foldedName(name) };
}

async function isOneFile(one: Placed, other: Placed): Promise<boolean> {
  const [found, otherFound] = [one.place.found, other.place.found];
  if (found !== null && otherFound !== null) return identityOf(found) === identityOf(otherFound);
  if (one.folder !== other.folder || one.folded !== other.folded) return false;
  return one.name === other.name || ignoresCase(dirname(one.place.path));
}

/** True if a file has a name that the owner uses for its own further files. */
async function isReserved(one: Placed, owner: Placed): Promise<boolean> {
  if (one.folder !== owner.folder) return false;
  const begins = (name: string, start: string): boolean => owner.reserves.some((end) => name.startsWith(start + end));
  if (begins(one.name, owner.name)) return true;
  return begins(one.folded, owner.folded) && ignoresCase(dirname(one.place.path));
}

const shown = ({ what, path }: FileUse): string => `${what} ${path}`;

async function checkPair(one: Placed, other: Placed): Promise<void> {
  if ((one.isWritten || other.isWritten) && (await isOneFile(one, other))) {
    throw new UsageError(`${shown(one)} and ${shown(other)} are the same file`, 'use a different file for each');
  }
  for (const [named, owner] of [
    [one, other],
    [other, one],
  ] as const) {
    if (!(await isReserved(named, owner))) continue;
    throw new UsageError(
      `${shown(named)} has a name that ${shown(owner)} reserves for its own files`,
      'choose another name',
    );
  }
}

function checkStream(use: Placed, { what, fd, isWritten }: StreamUse): void {
  if (!use.isWritten && !isWritten) return;
  const { found } = use.place;
  if (found === null) return;
  try {
    const stream = fstatSync(fd, { bigint: true });
    if (!stream.isFile() || identityOf(stream) !== identityOf(found)) return;
  } catch {
    // The stream is closed.
    return;
  }
  throw new UsageError(`${shown(use)} and ${what} are the same file`, 'use a different file for each');
}

/**
 * Checks, before any file is opened, that no two files of a run are the same, and that no file has a name that another
 * one needs. Links, hard links, spellings and case-insensitive file systems are taken into account; devices and pipes
 * are skipped. Throws `UsageError` that names both files.
 */
export async function checkDistinct(uses: readonly FileUse[], streams: readonly StreamUse[]): Promise<void> {
  const files = (await Promise.all(uses.map(placed))).filter(({ place }) => place.isFile);
  for (const [index, one] of files.entries()) {
    for (const other of files.slice(0, index)) await checkPair(one, other);
    for (const stream of streams) checkStream(one, stream);
  }
}
