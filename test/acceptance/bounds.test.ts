import { readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { it, words } from './support/bench.ts';
import { bin } from './support/running.ts';

/** CPU time that a command may need beyond starting; the faults here needed 20 s and more. */
const maxCpuSeconds = 10;

describe('what is read', () => {
  it('from a health endpoint costs no more CPU if it is too long', async ({ bench }) => {
    const region = await bench.service(() => ({ body: JSON.stringify({ padding: 'x'.repeat(100_000) }) }));
    const regions = [{ name: 'a', health: `${region.url}/health` }];
    const config = { regions, routes: { default: 'a' }, health: { timeout: '60s' } };
    const path = await bench.write('cpu.sh', '"$@"; code=$?; times >&2; exit $code');
    const file = await bench.write('health.json', config);
    const args = [path, process.execPath, bin, '--config', file, 'health'];
    const ended = await bench.startOther('bash', args, { at: region }).ended;
    expect(ended.stdout).toContain('HTTP 200 with more than 64 KiB');
    const [, minutes = '', seconds = ''] = /\n(\d+)m([\d.]+)s \d+m[\d.]+s\n$/.exec(ended.stderr) ?? [];
    expect(60 * Number(minutes) + Number(seconds), ended.stderr).toBeLessThan(maxCpuSeconds);
  });

  it('as state from a folder that cannot be one ends with a warning', async ({ bench }) => {
    const at = await bench.sandbox();
    const ended = await bench.run(words('solve TASK'), { at, env: { CAPTCHA_STATE_DIR: '/proc/captcha' } });
    expect(ended).toMatchObject({ code: 0 });
    expect(ended.stderr).toMatch(/^warning: \/proc\/captcha.*this process uses its own retry budget and breaker$/m);
  });

  it('as a log that is damaged or huge is reported, and a reset replaces it', async ({ bench }) => {
    const at = await bench.sandbox();
    await bench.run(words('solve TASK'), { at });
    const budget = join(bench.home, 'state/captcha/budget');
    const damages = [(path: string) => writeFile(path, 'not a log\n'), (path: string) => truncate(path, 2 ** 31 + 1)];
    for (const damage of damages) {
      const [folder = ''] = await readdir(budget);
      await damage(join(budget, folder, '0.log'));
      const shown = await bench.run(['budget'], { at });
      expect(shown, shown.stderr).toMatchObject({ code: 74, stdout: '' });
      expect(shown.stderr).toContain('captcha budget --reset');
      expect(await bench.run(['budget', '--reset'], { at })).toMatchObject({ code: 0 });
      expect(await bench.run(['budget'], { at })).toMatchObject({ code: 0 });
    }
  });
});

describe('few open files', () => {
  it('are said to be the cause, without a trace', async ({ bench }) => {
    const script = `ulimit -n 20; exec '${process.execPath}' '${bin}' solve --help`;
    const ended = await bench.startOther('bash', ['-c', script]).ended;
    expect(ended.stderr).not.toMatch(/^\s+at /m);
    expect([0, 74]).toContain(ended.code);
  });
});

describe('a second Ctrl-C', () => {
  it('leaves no solutions in the temporary folder', async ({ bench }) => {
    const at = await bench.sandbox({ latencyMs: [600_000, 600_000] });
    const input = 'method,sitekey,pageurl\nturnstile,0x4AAA,https://example.com/\n';
    const running = await bench.start(words('batch -'), { at, input });
    const journals = async () => (await readdir(join(bench.home, 'tmp'))).filter((name) => name.startsWith('captcha-'));
    await expect.poll(() => at.stats().accepted).toBe(1);
    expect(await journals()).toHaveLength(1);
    running.signal('SIGINT');
    await running.said(/stopping/);
    // Two signals within 300 ms count as one.
    await sleep(400);
    running.signal('SIGINT');
    expect(await running.ended).toMatchObject({ signal: 'SIGINT' });
    expect(await journals()).toEqual([]);
  });
});
