import { statSync } from 'node:fs';

/** What a shell hands over with `<(command)` or `< file`: somebody is about to write it. */
const handedOver = /^\/dev\/(?:stdin|fd\/\d+)$|^\/proc\/(?:self|\d+)\/fd\/\d+$/;

/** Whether to read a file may take for ever: a named pipe, a device or a socket. One that is not there does not. */
export function isBlockingFile(path: string): boolean {
  if (handedOver.test(path)) return false;
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && !stats.isFile() && !stats.isDirectory();
}
