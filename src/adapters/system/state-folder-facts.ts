import { readFile, realpath, stat, statfs } from 'node:fs/promises';
import type { StateFolderFacts } from '../../ports/state-folder.ts';
import { isNetworkType, mountedFileSystem } from './mounted-file-system.ts';
import { networkTypeOf } from './network-magic.ts';
import { tryFolder } from './try-folder.ts';

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
