import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root } from './support/blocks.ts';

it('a clone that is not built says how to build it', () => {
  const clone = mkdtempSync(join(tmpdir(), 'captcha-clone-'));
  try {
    for (const name of ['bin', 'package.json']) cpSync(join(root, name), join(clone, name), { recursive: true });
    const { status, stderr } = spawnSync(process.execPath, ['bin/captcha.js', '--help'], {
      cwd: clone,
      encoding: 'utf8',
    });
    expect(status).toBe(2);
    expect(stderr).toBe(
      'error: the program is not built\n  run npm ci && npm run build in the folder of its package.json\n',
    );
  } finally {
    rmSync(clone, { recursive: true });
  }
});
