import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StateLogError } from '../../domain/errors.ts';
import { stateFolders } from '../../domain/known-files.ts';
import { codeOf } from '../system/system-error.ts';
import { prepareFolder } from './log-folder.ts';
import { processId } from './process-identity.ts';

/** Opening a pipe in the place of a file must not block, and a link must not lead elsewhere. */
export const safely = constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The folder of what was learnt about services, below the folder of this user's state. */
export const servicesFolder = (stateFolder: string): string => join(stateFolder, stateFolders.services);

/** The file about one service. The URL can contain a password, so its name is a hash. */
export function serviceFile(stateFolder: string, baseUrl: string, ending: string): string {
  const digest = createHash('sha256').update(baseUrl).digest('hex').slice(0, 16);
  return join(servicesFolder(stateFolder), `${digest}.${ending}`);
}

/**
 * The last `maxBytes` of a file and its modification time in epoch ms; null if there is no file. Throws `StateLogError` if it
 * is not a file of this user.
 */
export function readOwnFile(path: string, maxBytes: number): { bytes: Buffer; modifiedAt: number } | null {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | safely);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile() || stats.uid !== process.geteuid?.())
      throw new StateLogError(`${path} is not a file of this user`);
    const bytes = Buffer.allocUnsafe(Math.min(stats.size, maxBytes));
    const count = readSync(fd, bytes, 0, bytes.length, stats.size - bytes.length);
    return { bytes: bytes.subarray(0, count), modifiedAt: stats.mtimeMs };
  } finally {
    closeSync(fd);
  }
}

/** Replaces a file by rename. A killed process leaves a file that ends with `.tmp`. */
export function replaceFile(path: string, content: string | Buffer): void {
  const temporary = `${path}.${processId}.tmp`;
  writeFileSync(temporary, content, { mode: 0o600, flag: 'wx' });
  renameSync(temporary, path);
}

/** True for an error of the file system. Others are bugs. */
export const isFileError = (error: unknown): boolean => error instanceof StateLogError || codeOf(error) !== null;

/** Where what was learnt about a service is kept. */
export interface ServicePlace {
  /** The folder of this user's state; null keeps nothing. */
  readonly stateFolder: string | null;
  readonly baseUrl: string;
}

/** Works on the file about a service. Null if there is no state folder or the file system fails. */
export function withServiceFile<T>(
  { stateFolder, baseUrl }: ServicePlace,
  ending: string,
  work: (path: string) => T,
): T | null {
  if (stateFolder === null) return null;
  try {
    return work(serviceFile(stateFolder, baseUrl, ending));
  } catch (error) {
    if (!isFileError(error)) throw error;
    return null;
  }
}

/** Replaces the file about a service, in a folder of this user. */
export function replaceServiceFile(path: string, content: string): void {
  prepareFolder(dirname(path));
  replaceFile(path, content);
}
