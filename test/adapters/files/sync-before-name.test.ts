import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type * as files from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openJournal } from '../../../src/adapters/files/journal/open-journal.ts';
import { RowFile } from '../../../src/adapters/files/output/row-file.ts';
import { csvFormat } from '../../../src/adapters/files/output/row-format.ts';

/** Files with unsynced writes, and the names that were given to such files. */
const disk = vi.hoisted(() => ({
  unsynced: new Set<string>(),
  names: [] as string[],
  unsafeNames: [] as string[],
  /** What was synced after the last name was given. */
  syncedSince: new Set<string>(),
}));

vi.mock('node:fs/promises', async (importOriginal) => {
  const real = await importOriginal<typeof files>();
  const writing = ['appendFile', 'writeFile', 'write'] as const;
  const syncing = ['sync', 'datasync'] as const;
  const open = async (path: string, ...rest: [string | number, number?]) => {
    const handle = await real.open(path, ...rest);
    const watch = (method: (typeof writing)[number] | (typeof syncing)[number], note: () => unknown): void => {
      const original = handle[method].bind(handle) as (...args: unknown[]) => Promise<unknown>;
      Object.assign(handle, {
        [method]: async (...args: unknown[]) => original(...args).finally(note),
      });
    };
    for (const method of writing) watch(method, () => disk.unsynced.add(path));
    for (const method of syncing) watch(method, () => disk.unsynced.delete(path) || disk.syncedSince.add(path));
    return handle;
  };
  const named =
    (give: (from: string, to: string) => Promise<void>) =>
    async (from: string, to: string): Promise<void> => {
      disk.names.push(to);
      if (disk.unsynced.has(from)) disk.unsafeNames.push(to);
      await give(from, to);
      disk.syncedSince.clear();
    };
  return { ...real, open, rename: named(real.rename), link: named(real.link) };
});

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sync-'));
  disk.unsynced.clear();
  disk.names.length = 0;
  disk.unsafeNames.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('after a power cut no name belongs to a partial file:', () => {
  it('an output is synced before it replaces the old one', async () => {
    const path = join(folder, 'out.csv');
    writeFileSync(path, 'before');
    const rows = await RowFile.open(path, csvFormat(['a'], new Set()));
    await rows.write({ a: '1' });
    await rows.publish();
    await rows.close();
    expect(disk).toMatchObject({ names: [path], unsafeNames: [] });
  });

  it('a journal and its lock are synced before they get their names', async () => {
    const path = join(folder, 'out.csv.journal');
    const header = { schemaVersion: 1, baseUrl: 'https://a.example', accountId: 'a', input: '', columns: [] } as const;
    const opening = { ...header, columnNames: {}, createdAt: 0 };
    const journal = await openJournal(path, opening, { fresh: true });
    await journal.close();
    expect(disk.names).toContain(path);
    expect(disk.names.length).toBeGreaterThan(1);
    expect(disk.unsafeNames).toEqual([]);
    expect(disk.syncedSince, 'the folder, or the name itself may be gone').toContain(folder);
  });
});
