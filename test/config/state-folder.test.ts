import { userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stateFolderOf } from '../../src/config/state-folder.ts';

const inHome = join('.local', 'state', 'captcha');

describe('the state folder', () => {
  it.each([
    [{ CAPTCHA_STATE_DIR: '/s', XDG_STATE_HOME: '/x', HOME: '/h' }, '/s'],
    [{ CAPTCHA_STATE_DIR: '', XDG_STATE_HOME: '/x', HOME: '/h' }, '/x/captcha'],
    [{ XDG_STATE_HOME: 'relative', HOME: '/h' }, join('/h', inHome)],
    [{ HOME: '' }, join(userInfo().homedir, inHome)],
    [{ HOME: 'relative' }, join(userInfo().homedir, inHome)],
    [{}, join(userInfo().homedir, inHome)],
  ])('with %j is %s', (env, path) => {
    expect(stateFolderOf(env).path).toBe(path);
  });
});
