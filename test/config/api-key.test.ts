import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, realpathSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadApiKey } from '../../src/config/api-key.ts';
import { type Config, configSchema } from '../../src/config/schema.ts';
import { UsageError } from '../../src/domain/errors.ts';
import { folderWith } from './folder.ts';

const configWith = (api: object): Config => v.parse(configSchema, { api });

async function refusalOf(api: object, env: NodeJS.ProcessEnv): Promise<UsageError> {
  const error: unknown = await loadApiKey(configWith(api), env).catch((refusal: unknown) => refusal);
  if (!(error instanceof UsageError)) throw new Error('no UsageError', { cause: error });
  return error;
}

const all = {
  CAPTCHAAI_API_KEY: 'from-variable',
  CAPTCHAAI_API_KEY_FILE: 'variable-file',
  VENDOR_KEY: 'from-named-variable',
};

describe('the API key comes', () => {
  it.each([
    ['from CAPTCHAAI_API_KEY first', Object.keys(all), 'from-variable'],
    ['then from the file of CAPTCHAAI_API_KEY_FILE', ['CAPTCHAAI_API_KEY_FILE', 'VENDOR_KEY'], 'from-variable-file'],
    ['then from the file of api.keyFile', ['VENDOR_KEY'], 'from-config-file'],
  ])('%s', async (_, names, key) => {
    const folder = await folderWith({ 'variable-file': 'from-variable-file\n', 'config-file': 'from-config-file\r\n' });
    const here = { ...all, CAPTCHAAI_API_KEY_FILE: join(folder, 'variable-file') };
    const env = Object.fromEntries(Object.entries(here).filter(([name]) => names.includes(name)));
    const config = configWith({ keyFile: join(folder, 'config-file'), keyEnv: 'VENDOR_KEY' });
    expect(await loadApiKey(config, env)).toBe(key);
  });

  it('last from the variable named by api.keyEnv', async () => {
    expect(await loadApiKey(configWith({ keyEnv: 'VENDOR_KEY' }), { VENDOR_KEY: 'abc' })).toBe('abc');
  });

  it.each([' abc ', 'abc\n', '\uFEFFabc\r\n'])('without surrounding whitespace: %j', async (text) => {
    const folder = await folderWith({ key: text });
    expect(await loadApiKey(configWith({}), { CAPTCHAAI_API_KEY: text })).toBe('abc');
    expect(await loadApiKey(configWith({ keyFile: join(folder, 'key') }), {})).toBe('abc');
  });

  it.each(['x', 'CAP-0123456789abcdef', 'a b', 'ключ'])('in any shape and length: %s', async (key) => {
    expect(await loadApiKey(configWith({}), { CAPTCHAAI_API_KEY: key })).toBe(key);
  });
});

describe('an unusable key is rejected and never shown', () => {
  it.each([
    ['', 'is empty'],
    [' \n', 'is empty'],
    ['hunter2\nhunter3', 'has more than one line'],
    ['k'.repeat(5_000), 'is too long for a key'],
    ['hunter2\u0000', 'contains control characters'],
    ['hunter2\u001b[0m', 'contains control characters'],
  ])('%j', async (text, problem) => {
    const folder = await folderWith({ key: text });
    const file = join(folder, 'key');
    const refusals = [
      await refusalOf({}, { CAPTCHAAI_API_KEY: text, CAPTCHAAI_API_KEY_FILE: file }),
      await refusalOf({}, { CAPTCHAAI_API_KEY_FILE: file }),
      await refusalOf({ keyFile: file }, {}),
      await refusalOf({ keyEnv: 'VENDOR_KEY' }, { VENDOR_KEY: text }),
    ];
    for (const { message, hint } of refusals) {
      expect(message).toContain(problem);
      expect(`${message} ${hint ?? ''}`).not.toContain('hunter');
    }
    expect(refusals.map(({ message }) => message.replace(problem, '').trim())).toEqual([
      'CAPTCHAAI_API_KEY',
      `the key file ${file} (CAPTCHAAI_API_KEY_FILE)`,
      `the key file ${file} (api.keyFile)`,
      'the variable that api.keyEnv names',
    ]);
  });
});

describe('a missing key', () => {
  it('is reported with the ways to set one and a way to try without', async () => {
    const { message, hint } = await refusalOf({ keyEnv: 'HUNTER2' }, {});
    expect(message).toBe('no API key is set');
    expect(hint).toContain('Set CAPTCHAAI_API_KEY, or set CAPTCHAAI_API_KEY_FILE');
    expect(hint).toContain('--sandbox');
    expect(message + (hint ?? '')).not.toContain('HUNTER2');
  });

  it('file is reported by name, unless the name may be the key', async () => {
    const missing = await refusalOf({}, { CAPTCHAAI_API_KEY_FILE: '/nowhere/key' });
    expect(missing.message).toBe('the key file /nowhere/key (CAPTCHAAI_API_KEY_FILE) cannot be read: ENOENT');
    expect(missing.hint).toContain('--sandbox');
    const misplaced = await refusalOf({}, { CAPTCHAAI_API_KEY_FILE: 'hunter2' });
    expect(misplaced.message).toBe('the key file that CAPTCHAAI_API_KEY_FILE names cannot be read: ENOENT');
  });
});

describe('a key file that is not a regular file', () => {
  afterEach(() => vi.useRealTimers());

  async function namedPipe(): Promise<string> {
    const path = join(await folderWith({ 'readme.txt': '' }), 'pipe');
    execFileSync('mkfifo', [path]);
    return path;
  }

  it('is rejected if reading it may take forever', async () => {
    for (const path of [await namedPipe(), '/dev/zero']) {
      const { message, hint } = await refusalOf({ keyFile: path }, {});
      expect(message).toBe(`the key file ${path} (api.keyFile) is not a regular file`);
      expect(hint).toContain('<(command) or /dev/stdin');
    }
  });

  /** How often this process has the pipe open; a descriptor may be closed before it is checked. */
  function timesOpen(pipe: string): number {
    const isIt = (descriptor: string): boolean => {
      try {
        return realpathSync(`/proc/self/fd/${descriptor}`) === pipe;
      } catch {
        return false;
      }
    };
    return readdirSync('/proc/self/fd').filter(isIt).length;
  }

  it.runIf(process.platform === 'linux')("is read from a shell's pipe, with a message during the wait", async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const pipe = await namedPipe();
    const writer = openSync(pipe, 'r+');
    const path = `/proc/self/fd/${writer}`;
    const told: string[] = [];
    const key = loadApiKey(configWith({}), { CAPTCHAAI_API_KEY_FILE: path }, (text) => told.push(text));
    while (vi.getTimerCount() === 0) await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(999);
    expect(told).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(told).toEqual([`waiting for the key from the key file ${path} (CAPTCHAAI_API_KEY_FILE)`]);
    writeSync(writer, 'abc\n');
    // If the writer closes before there is a reader, its data is lost.
    while (timesOpen(pipe) < 2) await new Promise((resolve) => setImmediate(resolve));
    closeSync(writer);
    expect(await key).toBe('abc');
  });
});
