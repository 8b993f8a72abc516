import { type BigIntStats, fstatSync } from 'node:fs';
import { lstat, readdir, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { UsageError } from '../../domain/errors.ts';

/** What a name in the file system means, however it is spelled. */
export interface FilePlace {
  /** Absolute, all links followed, those that lead to no file yet among them. */
  readonly path: string;
  /** Null where there is nothing. */
  readonly found: BigIntStats | null;
  /** True for a regular file and where there is nothing: a device, a pipe or an open stream is never replaced. */
  readonly isFile: boolean;
}

/** The kernel's own bound (path_resolution(7)). */
const maxLinks = 40;
/** Names of open streams: what stands behind them may be a file, which whoever started this program writes too. */
const streamName = /^\/(dev\/(std(in|out|err)|fd\/\d+)|proc\/(self|\d+)\/fd\/\d+)$/;

const identityOf = ({ dev, ino }: BigIntStats): string => `${dev}:${ino}`;

const statOf = (path: string): Promise<BigIntStats | null> => stat(path, { bigint: true }).catch(() => null);

/** Where a file would be made under this name. */
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

/** Looks where a name leads. Throws `UsageError` for links that lead nowhere. */
export async function placeOf(path: string): Promise<FilePlace> {
  const found = await statOf(path);
  if (found === null) return { path: await followed(path), found, isFile: true };
  if (!found.isFile() || streamName.test(path)) return { path, found, isFile: false };
  return { path: await realpath(path), found, isFile: true };
}

/** What has become of a place since it was looked at. */
export async function changeOf({ path, found }: FilePlace): Promise<'none' | 'gone' | 'other'> {
  const now = await lstat(path, { bigint: true }).catch(() => null);
  if (now === null) return found === null ? 'none' : 'gone';
  return found !== null && identityOf(now) === identityOf(found) ? 'none' : 'other';
}

/** One file of a run and its part in it. */
export interface FileUse {
  /** What the file is to the person, such as `--out`. */
  readonly what: string;
  readonly path: string;
  readonly isWritten: boolean;
  /** How names beside it begin that belong to it, after its own name, such as `.lock`. */
  readonly reserves: readonly string[];
}

/** A stream of this process that may stand in a file. */
export interface StreamUse {
  readonly what: string;
  readonly fd: number;
  readonly isWritten: boolean;
}

interface Placed extends FileUse {
  readonly place: FilePlace;
  /** The folder by its identity, so that a folder with two paths is one. */
  readonly folder: string;
  readonly name: string;
  /** The name as one that differs by case or composition only would read. */
  readonly folded: string;
}

const foldedName = (name: string): string => name.normalize('NFC').toLowerCase();

function swappedCase(name: string): string {
  const upper = name.toUpperCase();
  return upper === name ? name.toLowerCase() : upper;
}

/** Whether names in a folder that differ by case only are one. Where the folder has nothing to tell by, the system's habit counts. */
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

/** Whether a file has a name that belongs to another one. */
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
    // It is closed.
    return;
  }
  throw new UsageError(`${shown(use)} and ${what} are the same file`, 'use a different file for each');
}

/**
 * Looks, before anything is opened, whether two files of a run are one, or one has a name that another needs beside
 * itself: links, hard links, spellings and file systems that ignore case are seen through. Devices and pipes are nothing
 * that could be lost. Throws `UsageError` that names both.
 */
export async function checkDistinct(uses: readonly FileUse[], streams: readonly StreamUse[]): Promise<void> {
  const files = (await Promise.all(uses.map(placed))).filter(({ place }) => place.isFile);
  for (const [index, one] of files.entries()) {
    for (const other of files.slice(0, index)) await checkPair(one, other);
    for (const stream of streams) checkStream(one, stream);
  }
}
