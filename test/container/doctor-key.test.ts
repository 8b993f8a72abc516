import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keyFacts, keyLoader, type LoadKey } from '../../src/container/doctor-tools.ts';

let folder = '';
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'captcha-key-'))));
afterEach(() => rm(folder, { recursive: true }));

async function keyFile(text: string): Promise<string> {
  const path = join(folder, 'key');
  await writeFile(path, text);
  await chmod(path, 0o600);
  return path;
}

const loading = (env: NodeJS.ProcessEnv, hidden: string[] = []): LoadKey =>
  keyLoader({ env, log: () => undefined, hide: (key) => hidden.push(key) });

describe("the key in the doctor's facts", () => {
  it.each([
    ['abc', false],
    ['abc\n', false],
    ['abc\r\n', false],
    [' abc\n', true],
    ['abc \n', true],
  ])('in a file with %j has surrounding blanks: %s', async (text, hasBlanks) => {
    const env = { CAPTCHAAI_API_KEY_FILE: await keyFile(text) };
    expect(await keyFacts(null, env, loading(env))).toMatchObject({ problem: null, length: 3, hasBlanks });
  });

  it('is loaded once for all checks, and masked in messages', async () => {
    const hidden: string[] = [];
    const env = { CAPTCHAAI_API_KEY_FILE: await keyFile('abc\n') };
    const load = loading(env, hidden);
    expect(await load(null)).toEqual({ value: 'abc' });
    await keyFile('');
    expect(await load(null)).toEqual({ value: 'abc' });
    expect(hidden).toEqual(['abc']);
  });

  it('has unknown blanks if its file can be read only once', async () => {
    const env = { CAPTCHAAI_API_KEY_FILE: await keyFile('abc\n') };
    const load = loading(env);
    await load(null);
    await keyFile('');
    expect(await keyFacts(null, env, load)).toMatchObject({ problem: null, length: 3, hasBlanks: false });
  });

  it('has its source as its name, with the reason if it is unusable', async () => {
    const env = { CAPTCHAAI_API_KEY_FILE: join(folder, 'none') };
    const facts = await keyFacts(null, env, loading(env));
    expect(facts).toMatchObject({
      length: 0,
      file: null,
      problem: { message: expect.stringContaining('ENOENT') as string },
    });
    expect(facts.source).toBe(`the file ${join(folder, 'none')} (CAPTCHAAI_API_KEY_FILE)`);
  });
});
