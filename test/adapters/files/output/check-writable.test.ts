import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkWritable } from '../../../../src/adapters/files/output/row-file.ts';
import { UsageError } from '../../../../src/domain/errors.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'place-'));
  mkdirSync(join(folder, 'd'));
  writeFileSync(join(folder, 'f'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('a place for a file', () => {
  it.each(['f', 'new', 'd/new'])('is valid: %s, and nothing is written', async (name) => {
    await checkWritable('--out', join(folder, name));
    expect(readdirSync(folder)).toEqual(['d', 'f']);
  });

  it('may be a device', async () => {
    await expect(checkWritable('--out', '/dev/null')).resolves.toBeUndefined();
  });

  it.each(['d', 'no/new', 'f/new'])('is invalid: %s', async (name) => {
    const refused = checkWritable('--out', join(folder, name));
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(`--out ${join(folder, name)}`);
  });

  it.runIf(process.platform === 'linux')('that is not writable is reported with its flag', async () => {
    // A path that not even root may write.
    const refused = checkWritable('--out', '/proc/sys/new.csv');
    await expect(refused).rejects.toMatchObject({
      syscall: 'access',
      message: expect.stringContaining('--out /proc/sys/new.csv cannot be written') as string,
    });
  });
});
