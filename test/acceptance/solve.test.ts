import { describe, expect } from 'vitest';
import type { AcceptedTask } from '../../src/sandbox/options.ts';
import { anImage } from '../support/an-image.ts';
import { type Bench, it, turnstile } from './support/bench.ts';
import { solution } from './support/secrets.ts';

const solve = ['solve', ...turnstile];
const proxyPassword = 'pr0xy-pa55word';
const image = anImage();

/** A sandbox that stores its submissions. */
async function attentiveSandbox(bench: Bench) {
  const tasks: AcceptedTask[] = [];
  const answer = (task: AcceptedTask): string => {
    tasks.push(task);
    return solution;
  };
  return { sandbox: await bench.sandbox({ answer }), tasks };
}

describe.concurrent('captcha solve', () => {
  it('prints the solution and a newline, and nothing else', async ({ bench }) => {
    const sandbox = await bench.sandbox();
    const { code, stdout, stderr } = await bench.run(solve, { at: sandbox });
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `${solution}\n`, stderr: '' });
    expect(sandbox.stats()).toMatchObject({ submissions: 1, collected: 1, duplicates: 0 });
  });

  it('needs no account with --sandbox', async ({ bench }) => {
    const env = { CAPTCHAAI_API_KEY: undefined, CAPTCHAAI_BASE_URL: undefined };
    const { code, stdout, stderr } = await bench.run(['--sandbox', ...solve], { env, config: null });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^0\.[\w-]{200,}\n$/);
  });

  it.for(['file', 'stdin'])('takes an image from %s', async (from, { bench }) => {
    const { sandbox, tasks } = await attentiveSandbox(bench);
    const argument = from === 'stdin' ? '-' : await bench.write('image.png', image);
    const ended = await bench.run(['solve', argument], { at: sandbox, ...(from === 'stdin' && { input: image }) });
    expect(ended).toMatchObject({ code: 0, stdout: `${solution}\n` });
    expect(tasks).toMatchObject([{ method: 'base64', params: { body: image.toString('base64') } }]);
  });

  it('sends a method that it does not know, and suggests a known one', async ({ bench }) => {
    const sandbox = await bench.sandbox();
    const { code, stderr } = await bench.run(['solve', ...turnstile, '--method', 'turnstil'], { at: sandbox });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^warning: unknown method turnstil, sent unchanged; [^]*ERROR_METHOD_CALL[^]*\ndid you mean --method turnstile\?\n$/,
    );
  });

  it('sends a proxy from --param-file, and the action of --page-action', async ({ bench }) => {
    const { sandbox, tasks } = await attentiveSandbox(bench);
    const proxy = `user:${proxyPassword}@192.0.2.1:8080`;
    const file = await bench.write('proxy.json', { proxy, proxytype: 'HTTP' });
    const args = [...solve, '--param-file', file, '--page-action', 'login', '-vv'];
    const { code, stderr } = await bench.run(args, { at: sandbox });
    expect(code).toBe(0);
    expect(tasks).toMatchObject([{ params: { proxy, proxytype: 'HTTP', action: 'login' } }]);
    expect(stderr).not.toContain(proxyPassword);
  });

  it("labels the task with its region and sends the region's parameters", async ({ bench }) => {
    const { sandbox, tasks } = await attentiveSandbox(bench);
    const params = { proxy: '192.0.2.7:8080', proxytype: 'HTTP' };
    const config = { regions: [{ name: 'eu', health: `${sandbox.url}/regions/eu-west-1/health`, params }] };
    const { code, stdout } = await bench.run([...solve, '--region', 'eu', '--json'], { at: sandbox, config });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'solved', region: 'eu' });
    expect(tasks).toMatchObject([{ params }]);
  });

  it('retries temporary failures, and reports that on stderr', async ({ bench }) => {
    const sandbox = await bench.sandbox();
    sandbox.script({ mode: 503, endpoint: 'submit', times: 2 });
    const { code, stdout, stderr } = await bench.run(solve, { at: sandbox });
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${solution}\n` });
    expect(stderr.match(/^attempt \d failed: .*503/gm)).toHaveLength(2);
    expect(stderr.match(/^retrying in /gm)).toHaveLength(2);
  });
});

describe.concurrent('captcha solve --json', () => {
  const keys = [
    'schemaVersion',
    'status',
    'taskId',
    'solution',
    'fields',
    'captchaId',
    'region',
    'attempts',
    'reason',
    'code',
    'submittedAt',
    'solvedAt',
    'expiresAt',
    'durationMs',
    'possiblyCharged',
  ];

  it('prints one document with the outcome', async ({ bench }) => {
    const sandbox = await bench.sandbox();
    const { code, stdout } = await bench.run([...solve, '--json'], { at: sandbox });
    const outcome = JSON.parse(stdout) as Record<string, unknown>;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\{.*\}\n$/);
    expect(Object.keys(outcome)).toEqual(expect.arrayContaining(keys));
    expect(outcome).toMatchObject({
      schemaVersion: 1,
      status: 'solved',
      solution,
      reason: null,
      possiblyCharged: false,
    });
    const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
    for (const name of ['submittedAt', 'solvedAt', 'expiresAt']) expect(outcome[name]).toMatch(iso);
  });

  it('prints the same keys for a failure', async ({ bench }) => {
    const sandbox = await bench.sandbox({ answer: () => null });
    const { code, stdout } = await bench.run([...solve, '--json', '--max-attempts', '2'], { at: sandbox });
    const outcome = JSON.parse(stdout) as Record<string, unknown>;
    expect(code).toBe(1);
    expect(Object.keys(outcome)).toEqual(expect.arrayContaining(keys));
    const why = { status: 'failed', reason: 'unsolvable', code: 'ERROR_CAPTCHA_UNSOLVABLE', solution: null };
    expect(outcome).toMatchObject(why);
    expect(outcome['attempts']).toHaveLength(2);
  });

  it('prints a structured solution as compact JSON, with its parts in fields', async ({ bench }) => {
    const sandbox = await bench.sandbox({ answer: () => undefined, quirks: ['bare-geetest'] });
    const page = ['--pageurl', 'https://example.com', '--param', 'challenge=c1'];
    const geetest = ['solve', '--method', 'geetest', '--sitekey', '81dc9bdb52d04dc20036dbd8313ed055', ...page];
    const { stdout } = await bench.run([...geetest, '--json'], { at: sandbox });
    const outcome = JSON.parse(stdout) as { solution: string; fields: object };
    expect(JSON.parse(outcome.solution)).toMatchObject({ challenge: 'c1' });
    expect(Object.keys(outcome.fields)).toEqual(['challenge', 'validate', 'seccode']);
  });
});

describe.concurrent('stderr', () => {
  it('holds only errors with --quiet', async ({ bench }) => {
    const sandbox = await bench.sandbox();
    sandbox.script({ mode: 503, endpoint: 'submit' });
    const solved = await bench.run([...solve, '-q'], { at: sandbox });
    expect(solved).toMatchObject({ code: 0, stdout: `${solution}\n`, stderr: '' });
    sandbox.script({ mode: 'ERROR_PAGEURL', endpoint: 'submit' });
    const failed = await bench.run([...solve, '-q'], { at: sandbox });
    expect(failed).toMatchObject({ code: 1, stdout: '' });
    expect(failed.stderr).toMatch(/^not solved \(rejected\): .*ERROR_PAGEURL.*\n$/);
  });

  it('shows every step with -v and every poll with -vv', async ({ bench }) => {
    const sandbox = await bench.sandbox({ latencyMs: [2_000, 2_000] });
    const [steps, polls] = await Promise.all(['-v', '-vv'].map((flag) => bench.run([...solve, flag], { at: sandbox })));
    const said = [
      'attempt 1: submitting',
      'attempt 1: accepted as \\d+ in \\S+s',
      '\\d+: first poll in \\S+s',
      'solved \\d+ in \\S+s',
    ];
    expect(steps!.stderr).toMatch(new RegExp(`^${said.map((line) => `20\\S+Z ${line}\n`).join('')}$`));
    expect(polls!.stderr).toMatch(/Z \d+: not ready$/m);
  });

  it('is one JSON object per line with --log-format json', async ({ bench }) => {
    const sandbox = await bench.sandbox();
    sandbox.script({ mode: 'reset', endpoint: 'poll' });
    const { stderr } = await bench.run([...solve, '-vv', '--log-format', 'json'], { at: sandbox });
    const lines = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines.length).toBeGreaterThanOrEqual(4);
    for (const line of lines) {
      expect(line).toMatchObject({
        level: 'event' in line && JSON.stringify(line.event).includes('"fault"') ? 'warn' : 'info',
      });
      expect(Object.keys(line)).toEqual(expect.arrayContaining(['time', 'message']));
    }
  });

  it('has colours only if they are forced, because it is not a terminal', async ({ bench }) => {
    const escape = '\u001b[';
    const bad = ['solve', '--method', 'turnstile'];
    const [plain, forced, refused] = await Promise.all([
      bench.run(bad),
      bench.run(bad, { env: { FORCE_COLOR: '1' } }),
      bench.run([...bad, '--no-color'], { env: { FORCE_COLOR: '1' } }),
    ]);
    expect(plain.stderr).not.toContain(escape);
    expect(forced.stderr).toContain(escape);
    expect(refused.stderr).not.toContain(escape);
  });
});

describe.concurrent('captcha solve --no-submit', () => {
  it('shows the request, secrets masked, and sends nothing', async ({ bench }) => {
    const sandbox = await bench.sandbox();
    const file = await bench.write('proxy.json', { proxy: `user:${proxyPassword}@192.0.2.1:8080`, proxytype: 'HTTP' });
    const args = [...solve, '--no-submit', '--param-file', file];
    const ended = await Promise.all([args, [...args, '--json']].map((each) => bench.run(each, { at: sandbox })));
    for (const { code, stdout } of ended) {
      expect(code).toBe(0);
      expect(stdout).toContain(`${sandbox.url}/in.php`);
      expect(stdout).toContain('192.0.2.1:8080');
      expect(stdout).not.toContain(proxyPassword);
    }
    expect(JSON.parse(ended[1]!.stdout)).toMatchObject({ schemaVersion: 1, parameters: { key: '***' } });
    expect(sandbox.stats().requests).toBe(0);
  });

  it('knows the regions of --sandbox', async ({ bench }) => {
    const args = ['--sandbox', ...solve, '--region', 'eu-west-1', '--no-submit', '--json'];
    const { code, stdout } = await bench.run(args, { config: null });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ region: 'eu-west-1' });
  });

  it('needs no key, and still finds missing inputs', async ({ bench }) => {
    const env = { CAPTCHAAI_API_KEY: undefined };
    expect(await bench.run([...solve, '--no-submit'], { env })).toMatchObject({ code: 0, stderr: '' });
    const incomplete = await bench.run(['solve', '--method', 'turnstile', '--no-submit'], { env });
    expect(incomplete.code).toBe(2);
    expect(incomplete.stderr).toMatch(/sitekey/);
    expect(incomplete.stderr).toMatch(/pageurl/);
  });
});
