import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');

it('THIRD_PARTY_NOTICES has the licences of everything that is bundled', async () => {
  const check = promisify(execFile)(process.execPath, ['scripts/build.js', '--check-notices'], { cwd: root });
  expect(await check).toEqual({ stdout: '', stderr: '' });
});
