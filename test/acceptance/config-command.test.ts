import { readFile, rm } from 'node:fs/promises';
import { describe, expect } from 'vitest';
import { it } from './support/bench.ts';
import { firstRows } from '../support/exhaustive.ts';

describe.concurrent('captcha config init', () => {
  it('writes a file that is valid and in use, once', async ({ bench }) => {
    const created = await bench.run(['config', 'init'], { config: null });
    const file = `${bench.cwd}/captcha.config.yaml`;
    expect(created).toMatchObject({ code: 0, stdout: `${file}\n` });
    expect(created.stderr).toContain('next: ');
    const text = await readFile(file, 'utf8');
    expect(text).toContain('# Maximum number of open connections.\n  connections: 64\n');
    const [validated, path, again, json] = await Promise.all(
      [['validate'], ['path', '-v'], ['init'], ['init', '--format', 'json']].map((words) =>
        bench.run(['config', ...words], { config: null }),
      ),
    );
    expect(validated).toMatchObject({ code: 0, stdout: `valid (config file: ${file})\n` });
    expect(path).toMatchObject({ code: 0, stdout: `${file}\n` });
    expect(path!.stderr).toContain(`${bench.home}: none`);
    for (const refused of [again, json]) {
      expect(refused).toMatchObject({ code: 2, stdout: '' });
      expect(refused!.stderr).toContain('captcha.config.yaml');
    }
    expect(await readFile(file, 'utf8')).toBe(text);
    await rm(file);
    expect(await bench.run(['config', 'path'], { config: null })).toMatchObject({ code: 1, stdout: '' });
    await bench.run(['config', 'init', 'captcha.config.json'], { config: null });
    expect(await bench.run(['config', 'validate'], { config: null })).toMatchObject({ code: 0 });
  });
});

describe.concurrent('captcha config show', () => {
  it('prints every effective value and its source', async ({ bench }) => {
    const file = await bench.write('team.json', { solve: { timeout: '90s' }, retry: { maxAttempts: 4 } });
    const at = { url: 'http://127.0.0.1:1234' };
    const { code, stdout } = await bench.run(['--config', file, 'config', 'show'], { at, config: null });
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^solve\\.timeout +90s +${file}$`, 'm'));
    expect(stdout).toMatch(/^api\.baseUrl +http:\/\/127\.0\.0\.1:1234 +CAPTCHAAI_BASE_URL$/m);
    expect(stdout).toMatch(/^budget\.burst +10 +default$/m);
  });

  it('masks the passwords of queues', async ({ bench }) => {
    const secret = 'qu3ue-pa55word';
    const config = {
      results: `redis://:${secret}@127.0.0.1:6379/9`,
      regions: [{ name: 'a', health: 'http://127.0.0.1/h', params: { proxy: `u:${secret}@192.0.2.1:80` } }],
    };
    const ended = await Promise.all(
      [['--json'], []].map((flags) => bench.run(['config', 'show', ...flags], { config })),
    );
    for (const { code, stdout, stderr } of ended) {
      expect(code).toBe(0);
      expect(stdout).toContain('127.0.0.1:6379');
      expect(stdout + stderr).not.toContain(secret);
    }
    expect(JSON.parse(ended[0]!.stdout)).toMatchObject({ schemaVersion: 1 });
  });
});

describe.concurrent('captcha config validate', () => {
  it('ends with 2 and names all invalid paths at once', async ({ bench }) => {
    const config = { solve: { timeout: 60 }, retri: {}, budget: { ratio: 2 }, routes: { default: 7 } };
    const file = await bench.write('bad.json', config);
    const { code, stdout, stderr } = await bench.run(['--config', file, 'config', 'validate'], { config: null });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    for (const path of ['solve.timeout', 'retri', 'budget.ratio', 'routes.default']) expect(stderr).toContain(path);
    expect(stderr).toMatch(/did you mean.*retry/);
    expect(stderr).toContain('did you mean 60s?');
  });

  it('ends with 0 for a valid one', async ({ bench }) => {
    const ended = await bench.run(['config', 'validate', '--json']);
    expect(ended.code).toBe(0);
    expect(JSON.parse(ended.stdout)).toMatchObject({ schemaVersion: 1, valid: true });
  });

  firstRows(it).for(['{"solve": {"timeout": }', 'solve: [unclosed', '\u0000'])(
    'ends with 2 if %j is not data',
    async (text, { bench }) => {
      const file = await bench.write(text.startsWith('{') ? 'bad.json' : 'bad.yaml', text);
      const { code, stderr } = await bench.run(['--config', file, 'config', 'validate'], { config: null });
      expect(code).toBe(2);
      expect(stderr).toContain(file);
    },
  );
});

describe.concurrent('captcha config schema', () => {
  it('prints a JSON Schema that knows every section', async ({ bench }) => {
    const { code, stdout } = await bench.run(['config', 'schema'], { config: null });
    expect(code).toBe(0);
    const { properties } = JSON.parse(stdout) as { properties: object };
    expect(Object.keys(properties)).toEqual(
      expect.arrayContaining(['api', 'solve', 'polling', 'retry', 'budget', 'breaker', 'regions', 'routes', 'policy']),
    );
  });
});

describe.concurrent('the environment and flags', () => {
  it('override the config file, flags first', async ({ bench }) => {
    const args = [
      'solve',
      '--method',
      'turnstile',
      '--sitekey',
      'x',
      '--pageurl',
      'https://example.com',
      '--no-submit',
    ];
    const config = { api: { baseUrl: 'http://127.0.0.1:1111' } };
    const at = { url: 'http://127.0.0.1:2222' };
    const [fromEnv, fromFile] = await Promise.all([
      bench.run(args, { config, at }),
      bench.run(args, { config, env: { CAPTCHAAI_BASE_URL: undefined } }),
    ]);
    expect(fromEnv.stdout).toMatch(/^POST http:\/\/127\.0\.0\.1:2222\/in\.php$/m);
    expect(fromFile.stdout).toMatch(/^POST http:\/\/127\.0\.0\.1:1111\/in\.php$/m);
  });
});
