import { userInfo } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/** Where this program keeps files between runs, and the variable that says so (`default` where none does). */
export interface StateFolder {
  /** Absolute. */
  readonly path: string;
  readonly from: string;
}

/** `CAPTCHA_STATE_DIR`, else `captcha` in the XDG state folder. The XDG specification ignores relative paths. */
export function stateFolderOf(env: NodeJS.ProcessEnv): StateFolder {
  const { CAPTCHA_STATE_DIR: named = '', XDG_STATE_HOME: xdg = '', HOME: home = '' } = env;
  if (named !== '') return { path: resolve(named), from: 'CAPTCHA_STATE_DIR' };
  if (isAbsolute(xdg)) return { path: join(xdg, 'captcha'), from: 'XDG_STATE_HOME' };
  // Node's own homedir() answers a HOME that is empty.
  const homeFolder = isAbsolute(home) ? home : userInfo().homedir;
  return { path: join(homeFolder, '.local', 'state', 'captcha'), from: 'default' };
}
