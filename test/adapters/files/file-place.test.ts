import { linkSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkDistinct, type FileUse, placeOf } from '../../../src/adapters/files/file-place.ts';
import { UsageError } from '../../../src/domain/errors.ts';

let folder = '';
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'place-')));
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);
const written = (what: string, name: string, reserves: readonly string[] = []): FileUse => ({
  ...{ what, path: name.startsWith('/') ? name : at(name), isWritten: true, reserves },
});

describe('the place of a name', () => {
  it('is the file behind all links, existing or not', async () => {
    mkdirSync(at('d'));
    symlinkSync('b', at('a'));
    symlinkSync(at('d/file'), at('b'));
    expect(await placeOf(at('a'))).toEqual({ path: at('d/file'), found: null, isFile: true });
    writeFileSync(at('d/file'), 'x');
    expect(await placeOf(at('a'))).toMatchObject({ path: at('d/file'), found: { size: 1n }, isFile: true });
  });

  it('does not exist for links that form a loop', async () => {
    symlinkSync('b', at('a'));
    symlinkSync('a', at('b'));
    await expect(placeOf(at('a'))).rejects.toThrow(UsageError);
  });

  it('is a stream that is never replaced: a device, or an open stream of any kind', async () => {
    expect(await placeOf('/dev/null')).toMatchObject({ isFile: false });
    expect(await placeOf('/dev/stderr')).toMatchObject({ isFile: false });
  });
});

describe('two files of a run', () => {
  it.each<[string, () => FileUse, () => FileUse]>([
    ['by two spellings', () => written('--a', 'x'), () => written('--b', 'd/../x')],
    ['by a link to a folder', () => written('--a', 'd/x'), () => written('--b', 'e/x')],
    ['by a hard link', () => written('--a', 'one'), () => written('--b', 'two')],
    [
      'because one is written and the other read',
      () => ({ ...written('--a', 'one'), isWritten: false }),
      () => written('--b', 'one'),
    ],
    [
      'because one has a name that the other needs',
      () => written('--a', 'x', ['.lock.']),
      () => written('--b', 'x.lock.7'),
    ],
  ])('are the same %s, and both are named', async (_why, one, other) => {
    mkdirSync(at('d'));
    symlinkSync('d', at('e'));
    writeFileSync(at('one'), '');
    linkSync(at('one'), at('two'));
    const refusal = await checkDistinct([one(), other()], []).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(UsageError);
    expect(String(refusal)).toContain(`--a ${one().path}`);
    expect(String(refusal)).toContain(`--b ${other().path}`);
  });

  it('are distinct: other names, one device, one file that is only read', async () => {
    const read = { ...written('--a', 'x'), isWritten: false };
    await checkDistinct([written('--a', 'x'), written('--b', 'x2', ['.lock.']), written('--c', 'x.lock')], []);
    await checkDistinct([written('--a', '/dev/null'), written('--b', '/dev/null')], []);
    await checkDistinct([read, { ...read, what: '--b' }], []);
  });

  it('are the same on a file system that ignores case, detected by an existing file', async () => {
    const clash = (): Promise<void> => checkDistinct([written('--a', 'out.csv'), written('--b', 'OUT.csv')], []);
    writeFileSync(at('tasks.csv'), '');
    await clash();
    // Simulates such a file system: the name in another case is the same file.
    linkSync(at('tasks.csv'), at('TASKS.CSV'));
    await expect(clash()).rejects.toThrow(/--b .*OUT\.csv and --a .*out\.csv are the same file/);
  });
});
