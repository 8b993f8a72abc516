import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { type Bench, it } from './support/bench.ts';
import { bin, type Running } from './support/running.ts';
import { firstRows } from '../support/exhaustive.ts';

/** BSD's script has other arguments. */
const hasScript = /util-linux/.test(String(spawnSync('script', ['--version']).stdout));

const names = ['us-east-1', 'eu-west-1', 'ap-southeast-1'];

/** A configuration with these regions in a sandbox. */
function regionsOf({ url }: { readonly url: string }): object {
  const regions = names.map((name) => ({ name, health: `${url}/regions/${name}/health` }));
  return { regions, health: { timeout: '60s' } };
}

/** Changes the status of a region from outside. */
async function control({ url }: { readonly url: string }, region: string, query: string): Promise<void> {
  expect((await fetch(`${url}/regions/${region}?${query}`, { method: 'POST' })).status).toBe(200);
}

/** `captcha sandbox` as a separate process. */
async function sandboxProcess(bench: Bench): Promise<{ url: string }> {
  const running = await bench.start(['sandbox', '--regions', names.join(',')], { config: null });
  await running.said(/^export CAPTCHAAI_API_KEY=/m);
  return { url: /^listening on (\S+)$/m.exec(running.stdout)![1]! };
}

async function watchDeathAndReturn(running: Running, at: { readonly url: string }): Promise<void> {
  await running.said(/api: reachable/);
  await control(at, 'eu-west-1', 'status=down');
  await running.said(/eu-west-1: degraded -> unhealthy \(HTTP 503\)/);
  await control(at, 'eu-west-1', 'status=healthy');
  await running.said(/eu-west-1 is back/);
}

describe.concurrent('captcha health', () => {
  it('works with --sandbox alone', async ({ bench }) => {
    const env = { CAPTCHAAI_API_KEY: undefined, CAPTCHAAI_BASE_URL: undefined };
    const { code, stdout } = await bench.run(['--sandbox', 'health'], { config: null, env });
    expect(code).toBe(0);
    for (const name of names) expect(stdout).toMatch(new RegExp(`^${name} +healthy +\\d+ +4 +0`, 'm'));
    expect(stdout).toMatch(/^api: reachable, \d+ ms$/m);
  });

  it('shows a failover with --sandbox alone', async ({ bench }) => {
    const env = { CAPTCHAAI_API_KEY: undefined, CAPTCHAAI_BASE_URL: undefined };
    const { code, stdout, stderr } = await bench.run(['--sandbox', 'failover'], { config: null, env });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^eu-west-1 +us-east-1 +50 %/m);
    expect(stderr).toContain('captcha --sandbox failover --apply');
  });

  it('needs no key', async ({ bench }) => {
    const at = await bench.sandbox();
    const env = { CAPTCHAAI_API_KEY: undefined };
    expect(await bench.run(['health'], { at, env, config: regionsOf(at) })).toMatchObject({ code: 0 });
  });

  firstRows(it).for<[string, (at: Sandbox) => void, number]>([
    ['one of them is down', (at) => at.setRegion('eu-west-1', 'down'), 1],
    ['one of them hangs', (at) => at.setRegion('eu-west-1', 'slow'), 1],
    ['all of them are down', (at) => names.forEach((name) => at.setRegion(name, 'down')), 4],
  ])('exits with a code for scripts when %s', async ([, harm, code], { bench }) => {
    const at = await bench.sandbox();
    harm(at);
    const ended = await bench.run(['health', '--timeout', '5s', '--json'], { at, config: regionsOf(at) });
    expect(ended.code).toBe(code);
    expect(JSON.parse(ended.stdout)).toMatchObject({ schemaVersion: 1, api: { reachable: true } });
  });

  it('suspects this machine when nothing is reachable', async ({ bench }) => {
    const nowhere = { url: 'http://127.0.0.1:9' };
    const ended = await bench.run(['health'], { at: nowhere, config: regionsOf(nowhere) });
    expect(ended.code).toBe(4);
    expect(ended.stdout).toMatch(/^us-east-1 +unhealthy .*connection refused$/m);
    expect(ended.stdout).toMatch(/^api: not reachable \(connection refused\)$/m);
    expect(ended.stdout).toMatch(/^note: .*network problem of this machine/m);
  });

  it('never prints raw text of an endpoint to the terminal', async ({ bench }) => {
    const said = { status: '\u001b]0;owned\u0007', activeWorkers: '\u001b[2J', error: '\u001b[31m' };
    const at = await bench.service(() => ({ body: JSON.stringify(said) }));
    const { code, stdout } = await bench.run(['health', '--json'], { at, config: regionsOf(at) });
    expect(code).toBe(0);
    expect(stdout).not.toMatch(/u001b|owned/);
  });

  firstRows(it).for([
    ['without regions', {}],
    ['without endpoints', { regions: [{ name: 'x' }] }],
  ] as const)('is a usage error %s', async ([, config], { bench }) => {
    const { code, stdout, stderr } = await bench.run(['health'], { config });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('"health": "https://');
  });

  firstRows(it).for(['60', 'soon', '0s', '1ms', '99ms'])('--watch %s is a usage error', async (interval, { bench }) => {
    const { code, stderr } = await bench.run(['health', '--watch', interval], {
      config: regionsOf({ url: 'http://127.0.0.1:9' }),
    });
    expect(code).toBe(2);
    expect(stderr).toContain('--watch');
    if (interval === '60') expect(stderr).toContain('did you mean 60s?');
  });
});

describe.concurrent('captcha health --watch', () => {
  it('reports a region that fails in another process, the targets of its tasks, and its recovery', async ({
    bench,
  }) => {
    const at = await sandboxProcess(bench);
    const hook = ['--on-change', 'echo "$CAPTCHA_REGION $CAPTCHA_WAS $CAPTCHA_STATUS" >> hooks; cat >> documents'];
    const running = await bench.start(['health', '--watch', '200ms', ...hook], { at, config: regionsOf(at) });
    await watchDeathAndReturn(running, at);
    running.signal('SIGTERM');
    const { code, stdout } = await running.ended;
    expect(code).toBe(0);
    const hooks = ['eu-west-1 healthy degraded', 'eu-west-1 degraded unhealthy', 'eu-west-1 unhealthy healthy', ''];
    expect(await readFile(join(bench.cwd, 'hooks'), 'utf8')).toBe(hooks.join('\n'));
    const documents = (await readFile(join(bench.cwd, 'documents'), 'utf8')).trimEnd().split('\n');
    expect(documents.map((line) => (JSON.parse(line) as { status: string }).status)).toEqual([
      ...['degraded', 'unhealthy', 'healthy'],
    ]);
    const changes = [...stdout.matchAll(/^\d{4}-\S+Z (.*)$/gm)].map(([, change]) => change);
    expect(changes.filter((change) => !/regions are serving$/.test(change!))).toEqual([
      'eu-west-1: healthy -> degraded (HTTP 503, 1 of 3)',
      expect.stringMatching(
        /^eu-west-1: degraded -> unhealthy \(HTTP 503\); its tasks go to us-east-1 \d+ %, ap-southeast-1 \d+ %$/,
      ),
      'eu-west-1 is back: healthy; its own tasks return to it',
    ]);
  });

  it('prints one object per line with --json', async ({ bench }) => {
    const at = await bench.sandbox();
    const running = await bench.start(['health', '--watch', '100ms', '--json'], { at, config: regionsOf(at) });
    await running.said(/\n.*\n.*\n/);
    running.signal('SIGINT');
    const { code, stdout } = await running.ended;
    expect(code).toBe(0);
    for (const line of stdout.trimEnd().split('\n')) {
      expect(JSON.parse(line)).toMatchObject({ schemaVersion: 1, regions: [{}, {}, {}], failover: [] });
    }
  });

  it('ends quietly when the reader of its pipe has gone, even without changes', async ({ bench }) => {
    const at = await bench.sandbox();
    const config = await bench.write('piped.json', regionsOf(at));
    const watch = `'${process.execPath}' '${bin}' --config '${config}' health --watch 200ms`;
    const piped = bench.startOther('bash', ['-c', `${watch} | head -1; exit "\${PIPESTATUS[0]}"`], { at, env: {} });
    const { code, stdout, stderr } = await piped.ended;
    expect({ code, stderr }).toEqual({ code: 141, stderr: '' });
    expect(stdout).toMatch(/^region .*\n$/);
  });

  it('ends at once while a region hangs', async ({ bench }) => {
    const at = await bench.sandbox();
    const running = await bench.start(['health', '--watch', '100ms', '--timeout', '1h'], {
      at,
      config: regionsOf(at),
    });
    await running.said(/api: reachable/);
    at.setRegion('eu-west-1', 'slow');
    await new Promise((resolve) => setTimeout(resolve, 300));
    running.signal('SIGTERM');
    expect(await running.ended).toMatchObject({ code: 0 });
  });

  it.skipIf(!hasScript)('redraws a single screen on a terminal, and leaves it there at the end', async ({ bench }) => {
    const at = await bench.sandbox();
    const config = await bench.write('watched.json', regionsOf(at));
    const command = [process.execPath, bin, '--config', config, 'health', '--watch', '200ms'].map(
      (word) => `'${word}'`,
    );
    const script = `stty cols 80 rows 24; echo $$ > pid; exec ${command.join(' ')}`;
    const running = bench.startOther('script', ['-qec', script, '/dev/null'], { at, env: { TERM: 'xterm-256color' } });
    await watchDeathAndReturn(running, at);
    process.kill(Number(await readFile(join(bench.cwd, 'pid'), 'utf8')), 'SIGINT');
    const { code, stdout } = await running.ended;
    expect(code).toBe(0);
    const frames = stdout.split('\u001b[H').slice(1);
    for (const frame of frames) expect(frame.split('\n').length).toBeLessThanOrEqual(25);
    expect(stdout).toContain('\u001b[31munhealthy\u001b[39m');
    expect(stdout).not.toContain('\u001b[?25l');
    const last = frames.at(-1)!;
    expect(last).toMatch(/captcha health, every 200ms, \d\d:\d\d:\d\dZ \(Ctrl-C to stop\)/);
    expect(last).toContain('eu-west-1 is back');
  });
});
