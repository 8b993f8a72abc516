import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { type Bench, it, turnstile, words } from './support/bench.ts';
import type { Running } from './support/running.ts';
import { unusedPort } from './support/service.ts';
import { firstRows } from '../support/exhaustive.ts';

/** Starts `captcha sandbox`, and waits for the line with its address. */
async function startSandbox(bench: Bench, ...args: readonly string[]): Promise<{ running: Running; url: string }> {
  const running = await bench.start(['sandbox', ...args], { config: null });
  await running.said(/^export CAPTCHAAI_API_KEY=/m);
  const [, url] = /^listening on (http:\/\/127\.0\.0\.1:\d+)$/.exec(running.stdout.split('\n')[0]!) ?? [];
  expect(url, running.stdout).toBeDefined();
  return { running, url: url! };
}

async function statsOf(url: string): Promise<Record<string, number>> {
  return (await (await fetch(`${url}/_stats`)).json()) as Record<string, number>;
}

describe.concurrent('captcha sandbox', () => {
  it('prints its address first, then the exports', async ({ bench }) => {
    const { running, url } = await startSandbox(bench);
    const lines = running.stdout.trimEnd().split('\n');
    expect(lines).toEqual([
      `listening on ${url}`,
      `export CAPTCHAAI_BASE_URL=${url}`,
      expect.stringMatching(/^export CAPTCHAAI_API_KEY=\S+$/),
    ]);
  });

  it('serves another process that uses the exports, and counts at /_stats', async ({ bench }) => {
    const { running, url } = await startSandbox(bench, '--latency', '10ms');
    const env = Object.fromEntries(
      [...running.stdout.matchAll(/^export (\w+)=(\S+)$/gm)].map(([, name, value]) => [name!, value!]),
    );
    const ended = await bench.run(['solve', ...turnstile], { env });
    expect(ended.code).toBe(0);
    expect(ended.stdout).toMatch(/^0\.[\w-]{200,}\n$/);
    expect(await statsOf(url)).toMatchObject({ submissions: 1, collected: 1, duplicates: 0, orphaned: 0 });
  });

  it('listens on --port, and refuses a port in use', async ({ bench }) => {
    const port = await unusedPort();
    const { url } = await startSandbox(bench, '--port', String(port));
    expect(url).toBe(`http://127.0.0.1:${port}`);
    const second = await bench.run(['sandbox', '--port', String(port)], { config: null });
    expect(second).toMatchObject({ code: 2, stdout: '' });
    expect(second.stderr).toContain(String(port));
  });

  it('is down during an outage and works after it', async ({ bench }) => {
    /** A sandbox that begins with an outage of this length, and how many submissions it refused. */
    const throughOutage = async (seconds: number): Promise<{ url: string; struck: number }> => {
      const { url } = await startSandbox(bench, '--outage', `submit/503:0s-${seconds}s`, '--latency', '10ms');
      let struck = 0;
      for (; (await fetch(`${url}/in.php`)).status === 503; struck += 1) await sleep(100);
      // A busy machine may send its first request after the outage.
      return struck > 0 || seconds > 100 ? { url, struck } : throughOutage(4 * seconds);
    };
    const { url, struck } = await throughOutage(2);
    expect(struck).toBeGreaterThan(0);
    expect(await bench.run(['solve', ...turnstile], { at: { url } })).toMatchObject({ code: 0 });
    expect((await statsOf(url))['submissionsDuringOutage']).toBe(struck);
  });

  it('injects a fault, and accepts one key only', async ({ bench }) => {
    const { url } = await startSandbox(
      bench,
      '--key',
      'right',
      '--threads',
      '3',
      '--fault',
      'poll/ERROR_SERVER_ERROR:1',
    );
    const [wrong, struck] = await Promise.all([
      bench.run(['solve', ...turnstile], { at: { url } }),
      bench.run(['balance'], { at: { url }, env: { CAPTCHAAI_API_KEY: 'right' } }),
    ]);
    expect(wrong.code).toBe(3);
    expect(struck.code).toBe(4);
    expect(struck.stderr).toContain('ERROR_SERVER_ERROR');
  });

  it('has the quirks and the balance that its flags set', async ({ bench }) => {
    const flags = '--quirk numeric-ids --quirk error-text --balance 1.0E-5 --fault submit/503:0 --retry-after 7s';
    const { url } = await startSandbox(bench, ...words(flags));
    const get = async (query: string) => (await fetch(`${url}/${query}&key=k&json=1`)).json();
    const task = 'method=userrecaptcha&googlekey=6Le&pageurl=https://example.com/';
    expect(await get(`in.php?${task}`)).toEqual({ status: 1, request: expect.any(Number) as number });
    expect(await get('res.php?action=getbalance')).toEqual({ status: 1, request: '1.0E-5' });
    expect(await get('res.php?action=get&id=1')).toMatchObject({
      request: 'ERROR_WRONG_CAPTCHA_ID',
      error_text: expect.stringContaining('wrong captcha id') as string,
    });
  });

  it('answers the health checks of its regions', async ({ bench }) => {
    const { url } = await startSandbox(bench, '--regions', 'here,there');
    const statuses = ['here', 'there', 'us-east-1'].map(
      async (region) => (await fetch(`${url}/regions/${region}/health`)).status,
    );
    expect(await Promise.all(statuses)).toEqual([200, 200, 404]);
  });

  firstRows(it, 2).for([
    '--outage 503',
    '--outage 503:5s',
    '--outage 503:9s-5s',
    '--outage flood:0s-5s',
    '--fault 503:2',
    '--fault reset',
    '--fault flood:0.1',
    '--latency 50',
    '--port 99999',
    '--threads 0',
    '--quirk flood',
    '--balance much',
    '--retry-after 7',
    '--regions a,,b',
  ])('%s is a usage error that names the flag', async (line, { bench }) => {
    const { code, stdout, stderr } = await bench.run(['sandbox', ...words(line)], { config: null });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(words(line)[0]);
  });

  it('listens on loopback only', async ({ bench }) => {
    const { url } = await startSandbox(bench);
    // 127.0.0.2 is also this machine, but not the listening address: a server on all addresses would answer there.
    await expect(fetch(url.replace('127.0.0.1', '127.0.0.2'))).rejects.toThrow();
  });

  it('ends on a signal while requests hang', async ({ bench }) => {
    const { running, url } = await startSandbox(bench, '--fault', 'hang:1');
    const hanging = fetch(`${url}/in.php`).catch(() => 'cut off');
    while ((await statsOf(url))['submissions'] === 0) await sleep(20);
    running.signal('SIGTERM');
    expect(await running.ended).toMatchObject({ code: 0 });
    expect(await hanging).toBe('cut off');
  });
});
