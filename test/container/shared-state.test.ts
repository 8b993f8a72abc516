import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { describe, expect, it, onTestFinished } from 'vitest';
import { rulesOfView, type SharedState } from '../../src/cli/shared-state.ts';
import { type Config, configSchema } from '../../src/config/schema.ts';
import { limitsOf } from '../../src/container/resilience.ts';
import { createSharedState } from '../../src/container/shared-state.ts';
import { isRoot } from '../support/is-root.ts';

async function emptyFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'captcha-budget-')));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function sharedIn(stateFolder: string): SharedState {
  return createSharedState(v.parse(configSchema, {}), {
    ...{ accountId: 'a' },
    env: { CAPTCHA_STATE_DIR: stateFolder },
  });
}

describe('the shared state of this host', () => {
  it('can use a folder that does not exist yet, and reading creates none', async () => {
    const folder = await emptyFolder();
    const shared = sharedIn(join(folder, 'state'));
    await shared.look();
    expect(shared.alone).toBeUndefined();
    expect(existsSync(join(folder, 'state'))).toBe(false);
  });

  it('continues an existing log', async () => {
    const folder = await emptyFolder();
    await sharedIn(folder).reset();
    expect(sharedIn(folder).alone).toBeUndefined();
    expect([...sharedIn(folder).history()]).toHaveLength(1);
  });
});

describe('a place that cannot be shared', () => {
  it('is reported with the cause if it is a file, and has no history', async () => {
    const file = join(await emptyFolder(), 'file');
    await writeFile(file, '');
    const shared = sharedIn(join(file, 'state'));
    expect(shared.alone).toMatch(/^.*\/file\/state\/budget\/.*: ENOTDIR: /);
    expect([...shared.history()]).toEqual([]);
    await expect(shared.look()).resolves.toMatchObject({ state: {} });
    await expect(shared.reset()).resolves.toBeUndefined();
  });

  it('is reported on Windows, before a folder is created', async () => {
    const folder = await emptyFolder();
    const platform = Object.getOwnPropertyDescriptor(process, 'platform') ?? {};
    onTestFinished(() => void Object.defineProperty(process, 'platform', platform));
    Object.defineProperty(process, 'platform', { ...platform, value: 'win32' });
    expect(sharedIn(join(folder, 'state')).alone).toMatch(/on Windows, processes cannot share a retry budget/);
    expect(existsSync(join(folder, 'state'))).toBe(false);
  });

  it.skipIf(isRoot)('is reported with the cause if the folder is not writable', async () => {
    const folder = await emptyFolder();
    await chmod(folder, 0o500);
    expect(sharedIn(join(folder, 'state')).alone).toContain(`EACCES: permission denied, access '${folder}'`);
  });

  it.skipIf(!isRoot)('is reported with the cause if the folder is mounted read-only', async ({ skip }) => {
    const folder = await emptyFolder();
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', folder], { stdio: 'ignore' });
    } catch {
      return skip('nothing can be mounted here');
    }
    onTestFinished(() => void execFileSync('umount', [folder]));
    expect(sharedIn(join(folder, 'state')).alone).toContain(`EROFS: read-only file system, access '${folder}'`);
  });
});

describe('a hold whose fleet does not answer', () => {
  const scope = 'redis://127.0.0.1:1/0';
  const open = (stateFolder: string) =>
    createSharedState(v.parse(configSchema, { budget: { scope } }), {
      ...{ accountId: 'a', env: { CAPTCHA_STATE_DIR: stateFolder } },
    });

  it('holds this host alone until it is released here, and says that the fleet was not told', async () => {
    const shared = open(await emptyFolder());
    onTestFinished(() => shared.close());
    const heldNow = async () => rulesOfView(await shared.look())?.hold ?? null;
    const untold = expect.stringContaining('ECONNREFUSED') as string;
    expect(await shared.hold({ why: 'deploy', forMs: null })).toEqual({ untold });
    expect(await heldNow()).toMatchObject({ why: 'deploy', onlyHere: true });
    expect(await shared.release()).toEqual({ untold, wasHeld: true });
    expect(await heldNow()).toBeNull();
    expect(await shared.release()).toEqual({ untold, wasHeld: false });
    expect([...shared.history()].filter(({ entry }) => entry.type === 'release')).toHaveLength(1);
  });

  it('is an error where this host cannot be held either', async () => {
    const file = join(await emptyFolder(), 'file');
    await writeFile(file, '');
    const shared = open(file);
    onTestFinished(() => shared.close());
    await expect(shared.hold({ why: '', forMs: null })).rejects.toThrow('ECONNREFUSED');
  });
});

describe('the limits of a config file', () => {
  const limited = (isFound: boolean, count: number): Config => {
    const config = v.parse(configSchema, { limits: { submissions: [`${count}/hour`] } });
    return { ...config, limits: { ...config.limits, source: { file: '/work/captcha.config.json', isFound } } };
  };

  it('name the file, and whether they concern only processes that found the same limits', () => {
    const [named] = limitsOf(limited(false, 5));
    expect(named).toEqual({ label: null, count: 5, windowMs: 3_600_000, from: '/work/captcha.config.json' });
    const [five, same, six] = [5, 5, 6].map((count) => limitsOf(limited(true, count))[0]?.found);
    expect(five).toMatch(/^[\da-f]{8}$/);
    expect([same === five, six === five]).toEqual([true, false]);
  });
});
