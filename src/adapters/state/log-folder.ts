import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readdirSync, rmSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StateLogError } from '../../domain/errors.ts';
import { stateFolders } from '../../domain/known-files.ts';
import { makeFolderNow } from '../system/make-folder.ts';
import { networkTypeOrFuse } from '../system/network-file-systems.ts';
import { bootNames } from './process-identity.ts';

/** The API and user that a budget belongs to. */
export interface LogOwner {
  /** Folder of this user's state. */
  readonly stateFolder: string;
  readonly baseUrl: string;
  readonly accountId: string;
}

/** Names an API and account without revealing them. */
export function ownerDigest({ baseUrl, accountId }: Pick<LogOwner, 'baseUrl' | 'accountId'>): string {
  return createHash('sha256').update(`${baseUrl} ${accountId}`).digest('hex').slice(0, 16);
}

/** The log folder for an API and account since the last boot. */
export function logFolderOf(owner: LogOwner): string {
  const [parent, digest] = [join(owner.stateFolder, stateFolders.budget), ownerDigest(owner)];
  const names = bootNames().map((boot) => join(parent, `${digest}-${boot}`));
  return names.find((name) => existsSync(name)) ?? names[0] ?? parent;
}

/** Throws if this user may not write to a folder, or may not create it in its parent. */
export function checkAccess(folder: string): void {
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    checkAccess(dirname(folder));
  }
}

/** Creates the folder if needed, and checks that it belongs to this user and that processes can share a log there. */
export function prepareFolder(folder: string): void {
  if (process.platform === 'win32') throw new StateLogError('on Windows, processes cannot share a retry budget');
  checkAccess(folder);
  makeFolderNow(folder);
  if (statSync(folder).uid !== process.geteuid?.()) throw new StateLogError(`${folder} belongs to another user`);
  // On a network file system other hosts may write, or O_APPEND is not atomic.
  const network = networkTypeOrFuse(statfsSync(folder).type);
  if (network !== null) {
    throw new StateLogError(
      `${folder} is on a network file system (${network}); set CAPTCHA_STATE_DIR to a local folder`,
    );
  }
}

/** Removes the same log's files of earlier boots. */
export function removeEarlierBoots(folder: string): void {
  const [, parent = '', digest = '', boot = ''] = /^(.*)\/([0-9a-f]{16})-([^/-]*)[^/]*$/.exec(folder) ?? [];
  if (parent === '') return;
  const others = readdirSync(parent).filter(
    (name) => name.startsWith(`${digest}-`) && !name.startsWith(`${digest}-${boot}`),
  );
  for (const name of others) rmSync(join(parent, name), { recursive: true, force: true });
}
