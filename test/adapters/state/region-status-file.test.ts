import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RegionStatusFile } from '../../../src/adapters/state/region-status-file.ts';
import type { SeenStatus } from '../../../src/ports/state.ts';

let stateFolder: string;
beforeEach(() => (stateFolder = mkdtempSync(join(tmpdir(), 'region-status-'))));
afterEach(() => rmSync(stateFolder, { recursive: true, force: true }));

const aFile = (folder: string | null = stateFolder): RegionStatusFile =>
  new RegionStatusFile({ stateFolder: folder, baseUrl: 'https://example.com' });
const [eu, us] = ['https://user:secret@eu.example.com/health', 'https://us.example.com/health'];
const seen = (since: number, seenAt = since): SeenStatus => ({ status: 'unhealthy', since, seenAt });

const pathOf = (): string => {
  const folder = join(stateFolder, 'solve-times');
  return join(folder, readdirSync(folder)[0] ?? '');
};

describe('the file with the status of regions', () => {
  it('keeps what other processes wrote, and no URL', () => {
    aFile().write(new Map([[eu, seen(1)]]));
    aFile().write(new Map([[us, seen(2)]]));
    expect([...aFile().read([eu, us, 'http://x/'])]).toEqual([
      [eu, seen(1)],
      [us, seen(2)],
    ]);
    expect(readFileSync(pathOf(), 'utf8')).not.toMatch(/secret|example/);
  });

  it('drops what was not seen for a week', () => {
    aFile().write(new Map([[eu, seen(1)]]));
    aFile().write(new Map([[us, seen(1, 8 * 86_400_000)]]));
    expect([...aFile().read([eu, us]).keys()]).toEqual([us]);
  });

  it.each(['', '{', '[]', 'null', '{"x": 1}', '{"x": {"status": "odd", "since": 1, "seenAt": 1}}'])(
    'counts as empty if it is damaged: %s',
    (text) => {
      aFile().write(new Map([[eu, seen(1)]]));
      writeFileSync(pathOf(), text);
      expect(aFile().read([eu]).size).toBe(0);
      aFile().write(new Map([[us, seen(2)]]));
      expect(aFile().read([us]).size).toBe(1);
    },
  );

  it('is not needed', () => {
    aFile(null).write(new Map([[eu, seen(1)]]));
    expect(aFile(null).read([eu]).size).toBe(0);
    mkdirSync(join(stateFolder, 'solve-times'));
    writeFileSync(join(stateFolder, 'no-folder'), '');
    expect(() => aFile(join(stateFolder, 'no-folder')).write(new Map([[eu, seen(1)]]))).not.toThrow();
  });
});
