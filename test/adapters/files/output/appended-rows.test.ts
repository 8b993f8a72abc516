import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { AppendedRows } from '../../../../src/adapters/files/output/appended-rows.ts';
import { csvFormat, jsonlFormat, type RowFormat } from '../../../../src/adapters/files/output/row-format.ts';

const csv = csvFormat(['a', 'b'], new Set());

function aPath(content?: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'rows-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'rows');
  if (content !== undefined) writeFileSync(path, content);
  return path;
}

async function append(path: string, format: RowFormat, ...rows: readonly Record<string, string>[]): Promise<string> {
  const file = await AppendedRows.open(path, format);
  await file.write(rows);
  await file.close();
  return readFileSync(path, 'utf8');
}

describe('rows that are appended to a file', () => {
  it('have a header that is written once', async () => {
    const path = aPath();
    expect(await append(path, csv, { a: '1', b: '2' })).toBe('a,b\n1,2\n');
    expect(await append(path, csv, { a: '3', b: '4' }, { a: '5', b: '6' })).toBe('a,b\n1,2\n3,4\n5,6\n');
  });

  it.each(['a,b\n1,2\n3,', 'a', 'something else'])('are not appended to %j, which is unchanged', async (content) => {
    const path = aPath(content);
    await expect(AppendedRows.open(path, csv)).rejects.toMatchObject({ name: 'UsageError' });
    expect(readFileSync(path, 'utf8')).toBe(content);
  });

  it('have no header in JSON Lines', async () => {
    expect(
      await append(
        aPath('{"a":"1"}\n'),
        jsonlFormat((row) => JSON.stringify(row)),
        { a: '2' },
      ),
    ).toBe('{"a":"1"}\n{"a":"2"}\n');
  });

  it('are not appended to a CSV with other columns', async () => {
    const path = aPath('x,y\n1,2\n');
    await expect(AppendedRows.open(path, csv)).rejects.toMatchObject({ name: 'UsageError' });
    expect(readFileSync(path, 'utf8')).toBe('x,y\n1,2\n');
  });

  it('are not appended to other JSON Lines, such as a journal', async () => {
    const content = '{"t":"header","columns":["a","b"]}\n';
    const path = aPath(content);
    const format = jsonlFormat((row) => JSON.stringify(row), ['a', 'b']);
    await expect(AppendedRows.open(path, format)).rejects.toMatchObject({ name: 'UsageError' });
    expect(readFileSync(path, 'utf8')).toBe(content);
  });

  it('remove nothing that another process has appended if the disk is full', async () => {
    const path = aPath('a,b\n');
    const probe = await open(path, 'r');
    const handles = Object.getPrototypeOf(probe) as typeof probe;
    await probe.close();
    const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write' });
    for (const [theirs, left] of [
      ['', 'a,b\n'],
      ['5,6\n', 'a,b\n1,5,6\n'],
    ]) {
      const rows = await AppendedRows.open(path, csv);
      vi.spyOn(handles, 'appendFile').mockImplementationOnce(async () => {
        appendFileSync(path, `1,${theirs}`);
        throw full;
      });
      await expect(rows.write([{ a: '1', b: '2' }])).rejects.toMatchObject({ code: 'ENOSPC' });
      await rows.close();
      expect(readFileSync(path, 'utf8')).toBe(left);
    }
    vi.restoreAllMocks();
  });

  it('are in a file whose name is durable too', async () => {
    const path = aPath();
    const probe = await open(tmpdir(), 'r');
    const handles = Object.getPrototypeOf(probe) as typeof probe;
    await probe.close();
    const sync = vi.spyOn(handles, 'sync');
    await append(path, csv, { a: '1' });
    expect(sync).toHaveBeenCalledTimes(1);
    // The name already exists.
    await append(path, csv, { a: '2' });
    expect(sync).toHaveBeenCalledTimes(1);
    vi.restoreAllMocks();
  });
});
