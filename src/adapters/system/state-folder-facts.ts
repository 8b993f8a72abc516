import { randomUUID } from 'node:crypto';
import { readFile, realpath, rmdir, stat, statfs, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StateFolderFacts } from '../../ports/state.ts';
import { makeFolder } from './make-folder.ts';
import { isNetworkType, networkTypeOf } from './network-file-systems.ts';

/** The table escapes blanks and backslashes as octal, such as `\040`. */
function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}

function holds(mountPoint: string, path: string): boolean {
  return path === mountPoint || path.startsWith(mountPoint.endsWith('/') ? mountPoint : `${mountPoint}/`);
}

/**
 * The type of the file system that contains `path` (absolute, without symbolic links), such as `ext4`, from the text of
 * `/proc/self/mounts`; null if no line matches. The longest mount point decides, and among equal ones the last, which
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

/** The result of a write test in a folder. */
export interface FolderCheck {
  readonly existed: boolean;
  /** Null if a file could be written and removed. */
  readonly problem: { readonly code: string; readonly message: string } | null;
}

function problemOf(error: unknown): { code: string; message: string } {
  const { code = 'unknown error', message } = error as NodeJS.ErrnoException;
  return { code, message };
}

/** More than one block: a full file system still accepts an empty file. */
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
 * Tests whether files can be stored in a folder: creates it if missing, writes a file, runs `look` while the folder
 * exists, and cleans up. A folder that others have started to use stays.
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

/** Linux's mount table; other systems have none. */
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
    // A file system without an inode table reports 0 inodes in total.
    freeInodes: space === null || space.files === 0 ? null : space.ffree,
  };
}

async function seenAt(path: string): Promise<Seen> {
  const { mode, uid } = await stat(path);
  const isOwn = uid === (process.getuid?.() ?? uid);
  return { mode: mode & 0o777, isOwn, ...(await fileSystemAt(path)) };
}

/** Collects facts about a folder, which need not exist, and leaves it unchanged. Never rejects: errors are facts. */
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
