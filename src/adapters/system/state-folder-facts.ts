import { randomUUID } from 'node:crypto';
import { readFile, realpath, rmdir, stat, statfs, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StateFolderFacts } from '../../ports/state.ts';
import { makeFolder } from './make-folder.ts';
import { isNetworkType, networkTypeOf } from './network-file-systems.ts';

/** Blanks and backslashes stand as `\040` in the table. */
function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}

function holds(mountPoint: string, path: string): boolean {
  return path === mountPoint || path.startsWith(mountPoint.endsWith('/') ? mountPoint : `${mountPoint}/`);
}

/**
 * The type of the file system that `path` (absolute, without symbolic links) is on, such as `ext4`, from the text of
 * `/proc/self/mounts`; null where no line fits. The longest mount point decides, and of equal ones the last, which
 * covers the others.
 */
export function mountedFileSystem(path: string, mounts: string): string | null {
  const fitting = mounts
    .split('\n')
    .map((line) => line.split(' '))
    .map(([, point = '', type = '']) => ({ point: unescaped(point), type }))
    .filter(({ point, type }) => point !== '' && type !== '' && holds(point, path));
  const longest = Math.max(0, ...fitting.map(({ point }) => point.length));
  return fitting.findLast(({ point }) => point.length === longest)?.type ?? null;
}

/** What came of writing into a folder. */
export interface FolderCheck {
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
async function tryFolder(folder: string, look: () => Promise<void>): Promise<FolderCheck> {
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

type Seen = Pick<StateFolderFacts, 'mode' | 'isOwn' | 'fileSystem' | 'isNetwork' | 'freeBytes' | 'freeInodes'>;

const unseen: Seen = {
  mode: null,
  isOwn: true,
  fileSystem: null,
  isNetwork: false,
  freeBytes: null,
  freeInodes: null,
};

/** Where Linux keeps its table of mounts; other systems have none. */
const mountTable = '/proc/self/mounts';

async function fileSystemAt(
  path: string,
): Promise<Pick<Seen, 'fileSystem' | 'isNetwork' | 'freeBytes' | 'freeInodes'>> {
  const [space, mounts] = await Promise.all([
    statfs(path).catch(() => null),
    readFile(mountTable, 'utf8').catch(() => null),
  ]);
  const byNumber = space === null || mounts === null ? null : networkTypeOf(space.type);
  const fileSystem = mounts === null ? null : (mountedFileSystem(await realpath(path), mounts) ?? byNumber);
  return {
    fileSystem,
    isNetwork: byNumber !== null || (fileSystem !== null && isNetworkType(fileSystem)),
    freeBytes: space === null ? null : space.bavail * space.bsize,
    // A file system without a table of files counts none in all.
    freeInodes: space === null || space.files === 0 ? null : space.ffree,
  };
}

async function seenAt(path: string): Promise<Seen> {
  const { mode, uid } = await stat(path);
  const isOwn = uid === (process.getuid?.() ?? uid);
  return { mode: mode & 0o777, isOwn, ...(await fileSystemAt(path)) };
}

/** Looks at a folder, which need not exist, and leaves it as it was. Never rejects: what goes wrong is a fact. */
export async function stateFolderFacts({
  path,
  from,
}: Pick<StateFolderFacts, 'path' | 'from'>): Promise<StateFolderFacts> {
  let seen = unseen;
  const trial = await tryFolder(path, async () => {
    seen = await seenAt(path);
  });
  return { path, from, ...seen, ...trial };
}
