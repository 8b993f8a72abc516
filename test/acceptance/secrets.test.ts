import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { type Bench, it, turnstile, type Usage } from './support/bench.ts';
import { key, solution, solutionMark } from './support/secrets.ts';
import type { Received, Response } from './support/service.ts';
import { firstRows, someOf } from '../support/exhaustive.ts';

/** A key with characters that URLs, forms, JSON and HTML escape. */
const oddKey = 'k"e&y+w/i<t>h=o%d\'d-characters__';
const spellings = (text: string): readonly string[] => [
  text,
  encodeURIComponent(text),
  new URLSearchParams({ k: text }).toString().slice(2),
  JSON.stringify(text).slice(1, -1),
];

/** Ways in which a failing server echoes the request. */
const echoes: Readonly<Record<string, (request: Received, sent: string) => Response>> = {
  'a code': (_, sent) => ({ body: JSON.stringify({ status: 0, request: `ERROR_KEY ${sent}` }) }),
  'an error text': (_, sent) => ({ body: JSON.stringify({ status: 0, error_text: `ERROR_BAD ${sent}` }) }),
  'plain text': (_, sent) => ({ body: `ERROR_WRONG_USER_KEY ${sent}` }),
  'a page': (_, sent) => ({ status: 500, body: `<html><title>Failed for ${sent}</title>${sent}</html>` }),
  'the whole form': ({ body }) => ({ status: 400, body }),
  'the form, decoded': ({ body }) => ({ status: 400, body: decodeURIComponent(body) }),
  'a redirect': (_, sent) => ({
    status: 302,
    headers: { location: `https://x.example/?key=${encodeURIComponent(sent)}` },
  }),
  'a host to go to': (_, sent) => ({
    status: 302,
    headers: { location: `https://${encodeURIComponent(sent)}.example/` },
  }),
  'Retry-After': (_, sent) => ({ status: 503, headers: { 'retry-after': encodeURIComponent(sent) }, body: sent }),
  'an id': (_, sent) => ({ body: JSON.stringify({ status: 1, request: `id-${sent}` }) }),
  'a solution': ({ url }, sent) => ({ body: JSON.stringify({ status: 1, request: url === '/in.php' ? '7' : sent }) }),
  'a solution in escapes': ({ url }, sent) => {
    const escaped = Array.from(sent, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
    return { body: url === '/in.php' ? '{"status":1,"request":"7"}' : `{"status":1,"request":"${escaped}"}` };
  },
  'a field beside the solution': ({ url }, sent) => ({
    body: JSON.stringify({ status: 1, request: url === '/in.php' ? '7' : solution, user_agent: sent }),
  }),
  'cut-off JSON': (_, sent) => ({ body: `{"status":1,"request":"${sent}` }),
};

/** Everything in the home folder, as one text per file, without the test's own config files. */
async function filesIn(home: string): Promise<readonly { path: string; text: string }[]> {
  const names = (await readdir(home, { recursive: true })).filter((name) => !/^hasty-\d+\.json$/.test(name));
  const paths = names.map((name) => join(home, name));
  const sizes = await Promise.all(paths.map((path) => stat(path)));
  const files = paths.filter((_, index) => sizes[index]!.isFile());
  return Promise.all(files.map(async (path) => ({ path, text: await readFile(path, 'utf8') })));
}

const solve = ['solve', ...turnstile, '--json', '--timeout', '5s'];
const others = [
  ['result', '7', '--no-wait', '--json'],
  ['balance'],
  ['threads', '--json'],
  ['report', 'bad', '7', '--json'],
];

/** Runs commands at the highest verbosity, with each log format. */
function runAll(bench: Bench, commands: readonly (readonly string[])[], usage: Usage) {
  const formats = ['json', 'text'];
  return Promise.all(
    commands.map((args, index) => bench.run(['-vv', '--log-format', formats[index % 2]!, ...args], usage)),
  );
}

const oddEchoes = ['a code', 'an id', 'a field beside the solution', 'the whole form', 'the form, decoded'];

describe.concurrent('the API key', () => {
  it.for(someOf(Object.keys(echoes), (name) => ['a code', 'a page', 'the whole form', 'an id'].includes(name)))(
    'is not shown when the service echoes it in %s',
    async (name, { bench }) => {
      const service = await bench.service((request) => echoes[name]!(request, key));
      // The runner checks for every run that the key is not shown.
      await runAll(bench, [solve, ...others.slice(0, 2)], { at: service });
      expect(service.received.length).toBeGreaterThanOrEqual(3);
    },
  );

  it.for(someOf(oddEchoes, (name) => name === 'the whole form'))(
    'is not shown when it contains special characters and comes back in %s',
    async (name, { bench }) => {
      const service = await bench.service((request) => echoes[name]!(request, oddKey));
      const { stdout, stderr } = await bench.run([...solve, '-vv'], {
        at: service,
        env: { CAPTCHAAI_API_KEY: oddKey },
      });
      for (const spelling of spellings(oddKey)) expect(stdout + stderr).not.toContain(spelling);
    },
  );

  it('is sent in the body of a POST only', async ({ bench }) => {
    const service = await bench.service(() => ({ status: 500 }));
    await runAll(bench, [solve, ...others], { at: service });
    expect(service.received.length).toBeGreaterThanOrEqual(5);
    for (const { method, url, headers, body } of service.received) {
      expect({ method, isInBody: body.includes(`key=${key}`) }).toEqual({ method: 'POST', isInBody: true });
      expect(url).toMatch(/^\/(in|res)\.php$/);
      expect(JSON.stringify(headers)).not.toContain(key);
    }
  });

  it('and the solution are in no file', async ({ bench }) => {
    const sandbox = await bench.sandbox();
    await runAll(bench, [solve, ...others], { at: sandbox });
    await bench.run(solve, { at: await bench.service(() => ({ status: 500, body: key })) });
    for (const { path, text } of await filesIn(bench.home)) {
      expect(text, path).not.toContain(key);
      expect(text, path).not.toContain(solutionMark);
    }
  });

  it.runIf(process.platform === 'linux')('is not in the list of processes', async ({ bench }) => {
    const sandbox = await bench.sandbox({ latencyMs: [400, 400] });
    const keyFile = await bench.write('key.txt', `${key}\n`);
    const env = { CAPTCHAAI_API_KEY: undefined, CAPTCHAAI_API_KEY_FILE: keyFile };
    const params = await bench.write('params.json', { proxy: 'user:pr0xy-pa55word@192.0.2.1:8080', proxytype: 'HTTP' });
    const running = await bench.start(['solve', ...turnstile, '--param-file', params, '-v'], { at: sandbox, env });
    await running.said(/accepted as/);
    const [cmdline, title] = await Promise.all(
      ['cmdline', 'comm'].map((name) => readFile(`/proc/${running.child.pid}/${name}`, 'utf8')),
    );
    expect(cmdline).toContain('solve');
    for (const text of [cmdline!, title!]) expect(text).not.toMatch(new RegExp(`${key}|pr0xy-pa55word`));
    expect(await running.ended).toMatchObject({ code: 0 });
  });

  it('is not shown by captcha config show, nor in an error about it', async ({ bench }) => {
    const [shown, json, broken, named, misplaced] = await Promise.all([
      bench.run(['config', 'show']),
      bench.run(['config', 'show', '--json']),
      bench.run(['balance'], { env: { CAPTCHAAI_API_KEY: `${key}\n${key}` } }),
      bench.run(['balance'], { env: { CAPTCHAAI_API_KEY: undefined }, config: { api: { keyEnv: key } } }),
      bench.run(['balance'], { env: { CAPTCHAAI_API_KEY: undefined, CAPTCHAAI_API_KEY_FILE: key } }),
    ]);
    // The runner checks for every run that the key is not shown.
    expect([shown, json, broken, named, misplaced].map(({ code }) => code)).toEqual([0, 0, 2, 2, 2]);
  });

  it('is not sent to a base URL with a password, which is not shown either', async ({ bench }) => {
    const service = await bench.service(() => ({ status: 500 }));
    const env = { CAPTCHAAI_BASE_URL: `http://user:s3cret@127.0.0.1:${service.port}` };
    const [solved, shown] = await Promise.all([
      bench.run(['balance'], { env }),
      bench.run(['config', 'show'], { env }),
    ]);
    for (const { code, stdout, stderr } of [solved, shown]) {
      expect(code).toBe(2);
      expect(stdout + stderr).not.toContain('s3cret');
    }
    expect(service.received).toEqual([]);
  });
});

describe.concurrent('the password of a proxy', () => {
  const secret = 'pr0xy-pa55word';
  const at = { url: 'https://captcha.example' };

  firstRows(it).for([
    ['refuses the tunnel', { status: 407, body: secret }],
    ['never answers', null],
  ] as const)('is not shown when the proxy %s', async ([, answer], { bench }) => {
    const proxy = await bench.service(() => answer);
    const env = { HTTPS_PROXY: `http://user:${secret}@127.0.0.1:${proxy.port}` };
    const config = { api: { timeout: '500ms' } };
    for (const { code, stdout, stderr } of await runAll(bench, [solve, ...others], { at, env, config })) {
      expect(code).toBe(4);
      expect(stdout + stderr).not.toContain(secret);
    }
    expect(proxy.connections()).toBeGreaterThan(0);
  });

  it('is not shown when the variable is not a valid URL', async ({ bench }) => {
    const env = { HTTPS_PROXY: `http://user:${secret}/#@proxy.example:8080` };
    const { code, stderr } = await bench.run(['balance'], { at, env });
    expect(code).toBe(2);
    expect(stderr).toContain('HTTPS_PROXY');
    expect(stderr).not.toContain(secret);
  });
});

describe.concurrent('the solution', () => {
  const json = JSON.stringify({ status: 1, request: solution });
  const answers: Readonly<Record<string, Response>> = {
    'is cut off': { body: json.slice(0, -2) },
    'comes with an HTTP error': { status: 502, body: json },
    'comes as plain text with an HTTP error': { status: 500, body: `OK|${solution}` },
    'has a status of its own': { body: JSON.stringify({ status: 2, request: solution }) },
    'is called an error': { body: JSON.stringify({ status: 3, request: solution, error_text: 'ERROR_X' }) },
    'comes without an envelope': { body: solution },
  };

  it.for(someOf(Object.keys(answers), (name) => name === 'is cut off'))(
    'is not logged when it %s',
    async (name, { bench }) => {
      const service = await bench.service(({ url }) => (url === '/in.php' ? { body: 'OK|7' } : answers[name]!));
      const args = ['solve', ...turnstile, '-vv', '--log-format', 'json', '--timeout', '5s'];
      const { code, stdout, stderr } = await bench.run(args, { at: service });
      expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
      expect(stderr).not.toContain(solutionMark);
    },
  );
});
