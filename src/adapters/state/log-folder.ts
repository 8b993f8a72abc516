import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readdirSync, rmSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StateLogError } from '../../domain/errors.ts';
import { networkTypeOrFuse } from '../system/network-file-systems.ts';
import { bootNames } from './process-identity.ts';

/** Whose budget it is. */
export interface LogOwner {
  /** Where this user's state is kept. */
  readonly stateFolder: string;
  readonly baseUrl: string;
  readonly accountId: string;
}

function parentOf({ stateFolder, baseUrl, accountId }: LogOwner): { parent: string; digest: string } {
  const digest = createHash('sha256').update(`${baseUrl} ${accountId}`).digest('hex').slice(0, 16);
  return { parent: join(stateFolder, 'budget'), digest };
}

/** The folder of an API's and account's log since the last boot. */
export function logFolderOf(owner: LogOwner): string {
  const { parent, digest } = parentOf(owner);
  const names = bootNames().map((boot) => join(parent, `${digest}-${boot}`));
  return names.find((name) => existsSync(name)) ?? names[0] ?? parent;
}

/**
 * Throws where this user may not write in a folder, or where it is still to be made in its parent. Node's recursive mkdir says
 * ENOENT of whatever hinders it.
 */
export function checkAccess(folder: string): void {
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    checkAccess(dirname(folder));
  }
}

/** Makes sure that the folder is there, is this user's, and is a place where processes can share a log. */
export function prepareFolder(folder: string): void {
  if (process.platform === 'win32') throw new StateLogError('on Windows, processes cannot share a retry budget');
  checkAccess(folder);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (statSync(folder).uid !== process.geteuid?.()) throw new StateLogError(`${folder} belongs to another user`);
  // There another host may write, or O_APPEND is not atomic.
  const network = networkTypeOrFuse(statfsSync(folder).type);
  if (network !== null) {
    throw new StateLogError(
      `${folder} is on a network file system (${network}); set CAPTCHA_STATE_DIR to a local folder`,
    );
  }
}

/** Removes what earlier boots have left of the same log. */
export function removeEarlierBoots(folder: string): void {
  const [, parent = '', digest = '', boot = ''] = /^(.*)\/([0-9a-f]{16})-([^/-]*)[^/]*$/.exec(folder) ?? [];
  if (parent === '') return;
  const others = readdirSync(parent).filter(
    (name) => name.startsWith(`${digest}-`) && !name.startsWith(`${digest}-${boot}`),
  );
  for (const name of others) rmSync(join(parent, name), { recursive: true, force: true });
}
