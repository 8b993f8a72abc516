import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runHook } from '../../../src/adapters/system/run-hook.ts';

function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'run-hook-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe('a command of the user', () => {
  it('gets its input and its variables', async () => {
    const out = join(aFolder(), 'out');
    const env = { OUT: out, CAPTCHA_REGION: "eu'; exit 9 #" };
    const request = { input: '{"a":1}\n', env, timeoutMs: 60_000 };
    expect(await runHook('{ echo "$CAPTCHA_REGION"; cat; } > "$OUT"', request)).toBeNull();
    expect(readFileSync(out, 'utf8')).toBe('eu\'; exit 9 #\n{"a":1}\n');
  });

  it.each([
    ['exit 3', 'exit code 3'],
    ['no-such-command-here 2>/dev/null', 'exit code 127'],
    ['kill -9 $$', 'SIGKILL'],
    ['true', null],
  ])('reports how it failed: %s', async (command, why) => {
    expect(await runHook(command, { input: 'x'.repeat(100_000), env: {}, timeoutMs: 60_000 })).toBe(why);
  });

  it('ends at its time limit, also if it ignores that', async () => {
    const command = "trap '' TERM; while :; do sleep 0.1; done";
    expect(await runHook(command, { input: '', env: {}, timeoutMs: 200 })).toBe('no end within 0.2s');
  });
});
