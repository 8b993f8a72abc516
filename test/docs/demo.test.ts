import { expect } from 'vitest';
import { it } from '../acceptance/support/bench.ts';
import { root } from '../acceptance/support/running.ts';
import { isExhaustive } from '../support/exhaustive.ts';

it.skipIf(!isExhaustive)('npm run demo solves through an outage, and pays once', async ({ bench }) => {
  const { code, stdout } = await bench.startOther(process.execPath, ['scripts/demo.js'], { cwd: root }).ended;
  expect(code).toBe(0);
  expect(stdout).toMatch(/\n\d+ submissions, 2 accepted, 0 paid for twice\n/);
});
