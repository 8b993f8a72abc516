import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RowFile } from '../../../../src/adapters/files/output/row-file.ts';
import { csvFormat, jsonlFormat } from '../../../../src/adapters/files/output/row-format.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rows-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const format = csvFormat(['a', 'b'], new Set(['b']));
const place = (): string => join(folder, 'out.csv');
const read = (): string => readFileSync(place(), 'utf8');

/** From the `nth` append on, the disk accepts five more bytes and is full. */
async function fillDisk(nth: number): Promise<void> {
  const probe = await open(join(folder, 'probe'), 'w');
  const handles = Object.getPrototypeOf(probe) as typeof probe;
  await probe.close();
  const appendFile = Reflect.get(handles, 'appendFile') as (this: typeof probe, text: unknown) => Promise<void>;
  let count = 0;
  vi.spyOn(handles, 'appendFile').mockImplementation(async function (this: typeof probe, text) {
    count += 1;
    if (count < nth) return appendFile.call(this, text);
    await appendFile.call(this, String(text).slice(0, 5));
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' });
  });
}

describe('a file of rows', () => {
  it('replaces the old file when it is published, not before', async () => {
    writeFileSync(place(), 'before');
    const rows = await RowFile.open(place(), format);
    await rows.write({ a: '1', b: 'x' });
    expect(read()).toBe('before');
    await rows.publish();
    expect(read()).toBe('a,b\n1,x\n');
    await Promise.all([rows.write({ a: '2' }), rows.write({ a: '3' })]);
    expect(read()).toBe('a,b\n1,x\n2,\n3,\n');
    await rows.close();
    expect(readdirSync(folder)).toEqual(['out.csv']);
  });

  it('does not change the old file if it is never published', async () => {
    writeFileSync(place(), 'before');
    const rows = await RowFile.open(place(), format);
    await rows.close();
    expect([read(), readdirSync(folder)]).toEqual(['before', ['out.csv']]);
  });

  it('ends with a complete row if the disk is full, and rejects all writes', async () => {
    await fillDisk(3);
    const rows = await RowFile.open(place(), format);
    await rows.publish();
    await rows.write({ a: 'first', b: 'row' });
    const wanted = { code: 'ENOSPC', path: place() };
    await expect(rows.write({ a: 'second', b: 'row' })).rejects.toMatchObject(wanted);
    await expect(rows.write({ a: 'third', b: 'row' })).rejects.toMatchObject(wanted);
    await expect(rows.close()).rejects.toMatchObject(wanted);
    expect(read()).toBe('a,b\nfirst,row\n');
  });

  it('keeps a link, and replaces its target', async () => {
    writeFileSync(join(folder, 'real.csv'), 'before');
    symlinkSync(join(folder, 'real.csv'), place());
    const rows = await RowFile.open(place(), format);
    await rows.publish();
    await rows.close();
    expect(lstatSync(place()).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(folder, 'real.csv'), 'utf8')).toBe('a,b\n');
  });

  it('never replaces a device', async () => {
    const rows = await RowFile.open('/dev/null', format);
    await rows.write({ a: '1' });
    await rows.publish();
    await rows.close();
    expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true);
  });
});

describe('rows as text', () => {
  it.each([
    [{ a: '1,2', b: 'x' }, '"1,2",x\n'],
    [{ a: 'a "b"\nc' }, '"a ""b""\nc",\n'],
    [{ a: '=1+1', b: '=1+1' }, "=1+1,'=1+1\n"],
    [{ b: '-5' }, ',-5\n'],
    [{ b: '@x' }, ",'@x\n"],
  ])('%j is %j', (values, text) => {
    expect(format.render(values)).toBe(text);
  });

  it('are one object per line in JSON Lines', () => {
    expect(jsonlFormat((values) => JSON.stringify({ v: 1, ...values })).render({ a: 'x\ny' })).toBe(
      '{"v":1,"a":"x\\ny"}\n',
    );
  });
});
