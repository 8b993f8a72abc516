import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stateFolderFacts } from '../../../src/adapters/system/state-folder-facts.ts';
import { isRoot } from '../../support/is-root.ts';

let home = '';

beforeEach(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), 'captcha-test-')));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const factsOf = (path: string) => stateFolderFacts({ path, from: 'default' });

describe('a check of a state folder', () => {
  it('reports the facts of an existing one, and leaves nothing in it', async () => {
    const path = join(home, 'state');
    await mkdir(path, { mode: 0o700 });
    const facts = await factsOf(path);
    expect(facts).toMatchObject({ path, from: 'default', existed: true, problem: null, mode: 0o700, isOwn: true });
    expect(facts.freeBytes).toBeGreaterThan(0);
    expect(await readdir(path)).toEqual([]);
  });

  it('creates a missing one, for its owner only, and removes it again', async () => {
    const facts = await factsOf(join(home, 'a', 'b', 'c'));
    expect(facts).toMatchObject({ existed: false, problem: null, mode: 0o700 });
    expect(await readdir(home)).toEqual([]);
  });

  it('reports a mode that others have set', async () => {
    await chmod(home, 0o755);
    expect((await factsOf(home)).mode).toBe(0o755);
  });

  it.skipIf(!existsSync('/proc/self/mounts'))('names the file system', async () => {
    expect((await factsOf(home)).fileSystem).toMatch(/^\w+/);
  });

  it('reports a file in its place', async () => {
    await writeFile(join(home, 'file'), '');
    expect((await factsOf(join(home, 'file'))).problem).toMatchObject({ code: 'EEXIST' });
    expect((await factsOf(join(home, 'file', 'below'))).problem).toMatchObject({ code: 'ENOTDIR' });
  });

  it.skipIf(isRoot)('reports a folder that is not writable', async () => {
    await chmod(home, 0o500);
    expect((await factsOf(home)).problem).toMatchObject({ code: 'EACCES' });
    await chmod(home, 0o700);
  });

  it.skipIf(!existsSync('/proc/self'))('ends where a file system takes no folders', async () => {
    expect((await factsOf('/proc/captcha/state')).problem).not.toBeNull();
  });
});
