import { existsSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { unknownNode } from './support/any-node.ts';
import { it } from './support/bench.ts';
import { bin, type Ended } from './support/running.ts';
import { key } from './support/secrets.ts';
import type { Respond } from './support/service.ts';
import { firstRows } from '../support/exhaustive.ts';

interface Document {
  readonly schemaVersion: number;
  readonly ok: boolean;
  readonly checks: readonly { check: string; status: string; found: string; fix: string | null }[];
}

const read = ({ stdout }: Ended): Document => JSON.parse(stdout) as Document;

function namesOf(ended: Ended, status: string): readonly string[] {
  return read(ended)
    .checks.filter((each) => each.status === status)
    .map(({ check }) => check);
}

const doctor = ['doctor', '--json'];

describe.concurrent('captcha doctor', () => {
  it('finds no problem in the sandbox, without an account, a configuration or a network', async ({ bench }) => {
    const env = { CAPTCHAAI_API_KEY: undefined, CAPTCHAAI_BASE_URL: undefined, ...unknownNode };
    const ended = await bench.run(['--sandbox', ...doctor], { config: null, env });
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(read(ended)).toMatchObject({ schemaVersion: 1, ok: true });
    expect(read(ended).checks.filter(({ status }) => status !== 'ok')).toEqual([]);
  });

  it('prints a list in words into a pipe, and a summary on stderr', async ({ bench }) => {
    const { code, stdout, stderr } = await bench.run(['--sandbox', 'doctor'], { config: null, env: unknownNode });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^configuration\n {2}ok {7}config {9}\S/);
    expect(stdout).toMatch(
      /\n {2}ok {7}latency {8}min \d+ms, median \d+ms, max \d+ms in 5 round trips; connecting \d+ms\n/,
    );
    expect(stdout).not.toContain('\u001b');
    expect(stderr).toBe('16 ok, 0 warnings, 0 failures, 0 skipped\n');
  });

  it('sends the service a few free requests, and leaves no trace on this machine', async ({ bench }) => {
    const sandbox = await bench.sandbox();
    expect((await bench.run(doctor, { at: sandbox })).code).toBe(0);
    expect(sandbox.stats()).toMatchObject({ requests: 6, submissions: 0 });
    expect(existsSync(join(bench.home, 'state'))).toBe(false);
  });

  it('sends the key in bodies only', async ({ bench }) => {
    const service = await bench.service(({ body }) => ({
      body: body.includes('threadsinfo') ? '{"status":1,"threads":5,"working_threads":0}' : '{"status":1,"request":1}',
    }));
    expect((await bench.run(doctor, { at: service })).code).toBe(0);
    expect(service.received.map(({ method, url }) => `${method} ${url}`)).toEqual(Array(6).fill('POST /res.php'));
    expect(JSON.stringify(service.received.map(({ headers }) => headers))).not.toContain(key);
  });

  it('names every problem of a broken configuration and continues with independent checks', async ({ bench }) => {
    const broken = { regoins: [], solve: { timeout: 60 } };
    const ended = await bench.run(doctor, { config: broken, env: unknownNode });
    expect(ended).toMatchObject({ code: 2, stderr: '' });
    expect(namesOf(ended, 'failure')).toEqual(['config']);
    expect(namesOf(ended, 'ok')).toEqual(['key', 'proxy', 'node', 'state-folder', 'disk-space']);
    const [check] = read(ended).checks;
    expect(check?.found).toMatch(/regoins.*did you mean regions\?/);
    expect(check?.found).toContain('did you mean 60s?');
  });

  it('continues with a config file that cannot be parsed', async ({ bench }) => {
    const path = await bench.write('broken.json', '{"api": ');
    const ended = await bench.run(['--config', path, ...doctor], { config: null });
    expect(ended.code).toBe(2);
    expect(read(ended).checks[0]?.found).toContain(`${path}:1:`);
  });

  it('ends with 2 without a key, and still checks the service', async ({ bench }) => {
    const sandbox = await bench.sandbox();
    const ended = await bench.run(doctor, { at: sandbox, env: { CAPTCHAAI_API_KEY: undefined } });
    expect(ended.code).toBe(2);
    expect(namesOf(ended, 'failure')).toEqual(['key']);
    expect(namesOf(ended, 'ok')).toEqual(expect.arrayContaining(['api', 'clock']));
  });

  it('warns about a key file that others can read', async ({ bench }) => {
    const path = await bench.write('key', `${key}\n`);
    const env = { CAPTCHAAI_API_KEY: undefined, CAPTCHAAI_API_KEY_FILE: path };
    const sandbox = await bench.sandbox();
    await chmod(path, 0o644);
    const open = await bench.run(doctor, { at: sandbox, env });
    expect(open.code).toBe(0);
    expect(read(open).checks[1]).toMatchObject({ check: 'key', status: 'warning', fix: `chmod 600 ${path}` });
    await chmod(path, 0o600);
    expect(read(await bench.run(doctor, { at: sandbox, env })).checks[1]).toMatchObject({ status: 'ok' });
  });

  it('reads a key from a shell pipe once, reports the wait for it, and sends requests with it', async ({ bench }) => {
    const command = `CAPTCHAAI_API_KEY_FILE=<(until [ -e go ]; do sleep 0.1; done; echo ${key}) "$0" "$@"`;
    const args = ['-c', command, process.execPath, bin, ...doctor];
    const env = { CAPTCHAAI_API_KEY: undefined };
    const running = bench.startOther('bash', args, { at: await bench.sandbox(), env });
    await running.said(/waiting for the key/);
    await bench.write('work/go', '');
    const ended = await running.ended;
    expect(ended.code).toBe(0);
    expect(ended.stderr).toMatch(/^waiting for the key from the key file \/dev\/fd\/\d+ \(CAPTCHAAI_API_KEY_FILE\)\n$/);
    expect(namesOf(ended, 'ok')).toEqual(expect.arrayContaining(['key', 'account']));
  });

  firstRows(it).for(['ERROR_KEY_DOES_NOT_EXIST', 'ERROR_IP_NOT_ALLOWED'])(
    'ends with 3 if the service answers %s',
    async (mode, { bench }) => {
      const sandbox = await bench.sandbox();
      sandbox.script({ mode, times: Infinity });
      const ended = await bench.run(doctor, { at: sandbox });
      expect(ended.code).toBe(3);
      expect(namesOf(ended, 'failure')).toEqual(['account']);
      expect(sandbox.stats().requests).toBe(1);
    },
  );

  it('ends with 3 if the account has neither balance nor threads', async ({ bench }) => {
    const service = await bench.service(({ body }) => ({
      body: body.includes('threadsinfo')
        ? '{"status":1,"threads":0,"working_threads":0}'
        : '{"status":1,"request":"0"}',
    }));
    const ended = await bench.run(doctor, { at: service });
    expect(ended.code).toBe(3);
    expect(read(ended).checks.find(({ check }) => check === 'account')?.found).toContain('balance 0');
  });

  firstRows(it).for([
    ['nobody listens', null],
    ['it fails', () => ({ status: 502, body: '<title>Bad Gateway</title>' })],
    ['it is something else', () => ({ body: '<html>welcome</html>' })],
  ] as const)('ends with 4 where %s', async ([, respond], { bench }) => {
    const at = respond === null ? {} : { at: await bench.service(respond satisfies Respond) };
    const ended = await bench.run(doctor, at);
    expect(ended.code).toBe(4);
    expect(namesOf(ended, 'failure')).toEqual(['api']);
  });

  it('ends with 74 if the state folder is not writable', async ({ bench }) => {
    const path = await bench.write('a-file', 'text');
    const ended = await bench.run(doctor, { at: await bench.sandbox(), env: { CAPTCHA_STATE_DIR: path } });
    expect(ended.code).toBe(74);
    expect(namesOf(ended, 'failure')).toEqual(['state-folder']);
  });

  it('ends with 1 if a clock is wrong', async ({ bench }) => {
    const service = await bench.service(({ body }) => ({
      headers: { date: new Date(Date.now() - 3_600_000).toUTCString() },
      body: body.includes('threadsinfo')
        ? '{"status":1,"threads":5,"working_threads":0}'
        : '{"status":1,"request":"1"}',
    }));
    const ended = await bench.run(doctor, { at: service });
    expect(ended.code).toBe(1);
    expect(read(ended).checks.find(({ check }) => check === 'clock')?.found).toMatch(/^1h 00m ahead of/);
  });

  it('ends with 1 if a region does not serve', async ({ bench }) => {
    const sandbox = await bench.sandbox();
    sandbox.setRegion('eu-west-1', 'down');
    const regions = ['us-east-1', 'eu-west-1'].map((name) => ({
      name,
      health: `${sandbox.url}/regions/${name}/health`,
    }));
    const config = { regions, routes: { default: 'us-east-1' } };
    const ended = await bench.run(doctor, { at: sandbox, config });
    expect(ended.code).toBe(1);
    const health = read(ended).checks.find(({ check }) => check === 'region-health');
    expect(health?.found).toMatch(/us-east-1 is healthy.*\neu-west-1 is unhealthy.*HTTP 503/);
  });
});
