import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ApiKeySource } from '../../src/config/api-key.ts';
import { createKeyRenewal } from '../../src/container/key-renewal.ts';

let folder = '';
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'captcha-renewal-'))));
afterEach(() => rm(folder, { recursive: true }));

const path = (): string => join(folder, 'key');

/** A renewal of the key `old`, with what it says. */
function renewalOf(source: ApiKeySource) {
  let nowMs = 0;
  const said: string[] = [];
  const keys: string[] = [];
  const renew = createKeyRenewal('old', source, {
    env: {},
    clock: { nowMs: () => nowMs },
    note: (text) => said.push(text),
    onNewKey: (key) => keys.push(key),
  });
  return { renew, said, keys, pass: (ms: number) => (nowMs += ms) };
}

const file = (): ApiKeySource => ({ type: 'file', path: path(), named: 'api.keyFile' });

describe('a key that the service refuses', () => {
  it('is read again from its file, and announced once for all requests', async () => {
    await writeFile(path(), 'new\n');
    const { renew, said, keys } = renewalOf(file());
    expect(await Promise.all([renew('old'), renew('old'), renew('old')])).toEqual(['new', 'new', 'new']);
    // An answer that arrives late.
    expect(await renew('old')).toBe('new');
    expect(keys).toEqual(['new']);
    expect(said).toEqual([
      `the service refused the API key, and the key in ${path()} (api.keyFile) has changed: continuing with the new key`,
    ]);
  });

  it('is read again from its command, and not more often than every 5 s', async () => {
    const command = 'echo x >> count; cat key';
    const { renew, said, pass } = renewalOf({
      ...{ type: 'command', named: 'api.keyCommand' },
      keyCommand: { command, folder },
    });
    await writeFile(path(), 'old\n');
    expect(await renew('old')).toBeNull();
    await writeFile(path(), 'new\n');
    expect(await renew('old')).toBeNull();
    pass(5_000);
    expect(await renew('old')).toBe('new');
    expect(said).toEqual([
      'the service refused the API key, and the key from api.keyCommand has changed: continuing with the new key',
    ]);
  });

  it('stays the key if its file cannot be read, with the reason', async () => {
    const { renew, said } = renewalOf(file());
    expect(await renew('old')).toBeNull();
    expect(said).toEqual([
      `warning: the service refuses the API key, and it cannot be read again: the key file ${path()} (api.keyFile) cannot be read: ENOENT`,
    ]);
  });

  it('stays the key if its source cannot change', async () => {
    expect(await renewalOf({ type: 'variable', name: 'CAPTCHAAI_API_KEY' }).renew('old')).toBeNull();
    const pipe: ApiKeySource = { type: 'file', path: '/dev/null', named: 'CAPTCHAAI_API_KEY_FILE' };
    expect(await renewalOf(pipe).renew('old')).toBeNull();
  });

  it('can be replaced again later', async () => {
    await writeFile(path(), 'second');
    const { renew, pass } = renewalOf(file());
    expect(await renew('old')).toBe('second');
    await writeFile(path(), 'third');
    pass(5_000);
    expect(await renew('second')).toBe('third');
  });
});
