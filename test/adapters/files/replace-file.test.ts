import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { placeOf } from '../../../src/adapters/files/file-place.ts';
import {
  checkIsOurs,
  keepAside,
  openTemporary,
  removeAbandoned,
  replaceFile,
  takePlace,
} from '../../../src/adapters/files/replace-file.ts';
import { UsageError } from '../../../src/domain/errors.ts';

/** The error of link(2); null runs it normally. */
const fault = vi.hoisted(() => ({ code: null as string | null, beforehand: (): unknown => undefined }));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof fs>();
  const link: typeof fs.link = async (...paths) => {
    fault.beforehand();
    if (fault.code !== null) throw Object.assign(new Error(fault.code), { code: fault.code, syscall: 'link' });
    return real.link(...paths);
  };
  return { ...real, link };
});

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'replace-'));
  fault.code = null;
  fault.beforehand = () => undefined;
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);
const read = (name: string): string => readFileSync(at(name), 'utf8');

describe.each([null, 'EPERM'])('a file that is kept (links: %s)', (code) => {
  beforeEach(() => void (fault.code = code));

  it('gets the first free name, and replaces nothing', async () => {
    for (const name of ['f', 'f.1', 'f.2']) writeFileSync(at(name), name);
    expect(await keepAside(at('f'))).toBe(at('f.3'));
    expect(['f.1', 'f.2', 'f.3'].map(read)).toEqual(['f.1', 'f.2', 'f']);
  });

  it('replaces no file that another process creates at the last moment', async () => {
    writeFileSync(at('f'), 'f');
    fault.beforehand = () => {
      if (!existsSync(at('f.1'))) writeFileSync(at('f.1'), 'theirs');
    };
    expect(await keepAside(at('f'))).toBe(at('f.2'));
    expect([read('f.1'), read('f.2')]).toEqual(['theirs', 'f']);
  });

  it('takes a place that is free or unchanged, and no other', async () => {
    const [free, old] = [await placeOf(at('new')), at('old')];
    writeFileSync(old, 'old');
    const before = await placeOf(old);
    for (const place of [free, before]) {
      const { file, path } = await openTemporary(place, 'ab');
      await file.close();
      await takePlace(path, place);
    }
    expect(readdirSync(folder).sort()).toEqual(['new', 'old']);
    // Both were replaced since they were resolved.
    for (const place of [free, before]) {
      const { file, path } = await openTemporary(place, 'ab');
      await file.close();
      await expect(takePlace(path, place)).rejects.toThrow(UsageError);
      rmSync(path);
    }
  });

  it('takes no place that another process fills at the last moment', async () => {
    const place = await placeOf(at('f'));
    const { file, path } = await openTemporary(place, 'ab');
    await file.close();
    fault.beforehand = () => writeFileSync(at('f'), 'theirs');
    await expect(takePlace(path, place)).rejects.toThrow(UsageError);
    expect(read('f')).toBe('theirs');
  });
});

describe('a file that a killed run kept', () => {
  it('is not kept twice', async () => {
    writeFileSync(at('f'), 'f');
    expect(await keepAside(at('f'))).toBe(at('f.1'));
    expect(await keepAside(at('f'))).toBe(at('f.1'));
    expect(readdirSync(folder)).toEqual(['f', 'f.1']);
  });
});

describe('a temporary file', () => {
  it('has the mode of the file that it replaces, and a name of its own each time', async () => {
    writeFileSync(at('f'), '');
    chmodSync(at('f'), 0o640);
    const place = await placeOf(at('f'));
    const files = [await openTemporary(place, 'ab'), await openTemporary(place, 'ab')];
    for (const { file } of files) await file.close();
    expect(new Set(files.map(({ path }) => path)).size).toBe(2);
    expect(files.map(({ path }) => statSync(path).mode & 0o777)).toEqual([0o640, 0o640]);
  });

  it.runIf(process.geteuid?.() === 0)('belongs to the owner of the file that it replaces, if allowed', async () => {
    writeFileSync(at('f'), '');
    chownSync(at('f'), 12_345, 12_346);
    const { file, path } = await openTemporary(await placeOf(at('f')), 'ab');
    await file.close();
    expect(statSync(path)).toMatchObject({ uid: 12_345, gid: 12_346 });
  });

  it('that was left behind is removed by its mark; for a link of such a name, only the link is removed', async () => {
    const names = ['f.partial-ab-0123456789ab', 'f.partial-cd-0123456789ab', 'f.partial-ab-x', 'f.partial', 'f'];
    for (const name of names) writeFileSync(at(name), name);
    symlinkSync('f', at('f.partial-ab-ba9876543210'));
    await removeAbandoned(await placeOf(at('f')), 'ab');
    expect(readdirSync(folder).sort()).toEqual(names.slice(1).sort());
    expect(read('f')).toBe('f');
  });
});

describe('a text that replaces a file', () => {
  it('is written atomically, follows a link, and leaves no other file', async () => {
    writeFileSync(at('f'), 'before');
    symlinkSync('f', at('l'));
    await replaceFile(await placeOf(at('l')), 'after');
    expect([read('f'), readdirSync(folder)]).toEqual(['after', ['f', 'l']]);
  });

  it('is written only if the file is ours or empty', async () => {
    const isOurs = (start: string): boolean => start.startsWith('ours');
    for (const [text, isRefused] of [
      ['ours', false],
      ['', false],
      ['theirs', true],
    ] as const) {
      writeFileSync(at('f'), text);
      const check = checkIsOurs(await placeOf(at('f')), isOurs, 'ours');
      await (isRefused ? expect(check).rejects.toThrow(UsageError) : check);
    }
  });
});
