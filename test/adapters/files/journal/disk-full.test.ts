import { chmodSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isRoot } from '../../../support/is-root.ts';
import { aFolder, keyOf, open } from './support/a-journal.ts';
import { buildChildren, Child, type ChildPrograms } from './support/child.ts';

let programs: ChildPrograms;
beforeAll(async () => {
  programs = await buildChildren(['child-append']);
});
afterAll(() => programs.remove());

describe('a full file system', () => {
  it.each([1, 40])(
    'ends a run with the system error and leaves a journal that can be resumed (%i tasks at once)',
    async (lanes) => {
      const path = join(aFolder(), 'j');
      // In units of 512 bytes by POSIX, of 1024 in bash.
      const child = new Child('sh', [
        '-c',
        'ulimit -f 64; exec "$0" "$@"',
        process.execPath,
        programs.pathOf('child-append'),
        path,
        String(lanes),
      ]);
      await child.ended();
      expect(child.lines.at(-1)).toMatch(/^error EFBIG .*EFBIG.*'\/.*\/j'/);
      const said = child.lines.filter((line) => / [0-9a-f]{32}$/.test(line));
      expect(said.length).toBeGreaterThan(5);
      const size = statSync(path).size;

      const journal = await open(path);
      expect(statSync(path).size).toBe(size);
      const { solved, submitted, inDoubt } = journal.counts();
      expect(solved).toBe(said.filter((line) => line.startsWith('solved')).length);
      expect(solved + submitted).toBe(said.filter((line) => line.startsWith('submitted')).length);
      expect(solved + submitted + inDoubt).toBe(said.filter((line) => line.startsWith('in-doubt')).length);
      await journal.intend(keyOf(1), 1);
      await journal.close();
    },
  );

  it('is reported as such when not even the lock can be written', async () => {
    const path = join(aFolder(), 'j');
    const child = new Child('sh', [
      '-c',
      'ulimit -f 0; exec "$0" "$@"',
      process.execPath,
      programs.pathOf('child-append'),
      path,
      '1',
    ]);
    await child.ended();
    expect(child.lines).toEqual([expect.stringMatching(/^error EFBIG .*'\/.*\/j\.lock\.1/)]);
  });

  it.skipIf(isRoot)('is reported as such when the folder is not writable (not as root, who may write)', async () => {
    const folder = aFolder();
    chmodSync(folder, 0o500);
    await expect(open(join(folder, 'j'))).rejects.toMatchObject({ code: 'EACCES', syscall: 'open' });
    chmodSync(folder, 0o700);
  });
});
