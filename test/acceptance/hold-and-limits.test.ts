import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { until } from './support/batch.ts';
import { it, words } from './support/bench.ts';

const turnstileRows = (count: number): string =>
  [
    'task_id,method,sitekey,pageurl',
    ...Array.from({ length: count }, (_, row) => `r${row},turnstile,0x4AAA,https://example.com/${row}`),
    '',
  ].join('\n');

describe('captcha hold', () => {
  it('stops solve and a running batch, which continue after the release', async ({ bench }) => {
    const at = await bench.sandbox({});
    expect(await bench.run(['hold', '--why', 'deploy'], { at })).toMatchObject({ code: 0 });
    const refused = await bench.run(words('solve TASK --fail-fast'), { at });
    expect(refused).toMatchObject({ code: 4, stdout: '' });
    expect(refused.stderr).toMatch(/^not solved \(held\): nothing may be submitted now \(held by .+ on .+: deploy\)/m);
    writeFileSync(join(bench.cwd, 'tasks.csv'), turnstileRows(3));
    const batch = await bench.start(words('batch tasks.csv --out out.csv --label nightly'), { at });
    await until(() => batch.stderr.includes('paused since'));
    expect(batch.stderr).toContain(': deploy');
    expect(at.stats().submissions).toBe(0);
    expect(await bench.run(['release'], { at })).toMatchObject({ code: 0 });
    expect(await batch.ended).toMatchObject({ code: 0 });
    expect(at.stats()).toMatchObject({ submissions: 3, accepted: 3 });
    expect(readFileSync(join(bench.cwd, 'out.csv'), 'utf8').match(/,solved,/g)).toHaveLength(3);
    const audit = await bench.run(['budget', 'log', '--json'], { at });
    const { entries } = JSON.parse(audit.stdout) as { entries: { command: string; what: string; label: string }[] };
    expect(entries.filter(({ what }) => what === 'hold' || what === 'release').map(({ command }) => command)).toEqual([
      'hold',
      'release',
    ]);
    expect(entries.some(({ command, label }) => command === 'batch' && label === 'nightly')).toBe(true);
  });
});

describe('captcha hold without the Redis of the fleet', () => {
  it('holds this host, says that the others were not told, and ends with a release here', async ({ bench }) => {
    const at = await bench.sandbox({});
    const usage = { at, config: { budget: { scope: 'redis://127.0.0.1:1/0' } } };
    const held = await bench.run(['hold', '--why', 'deploy'], usage);
    expect(held).toMatchObject({ code: 4, stdout: '' });
    expect(held.stderr).toMatch(/^all submissions of the processes on this host of the account \w+ stop/);
    expect(held.stderr).toMatch(/^error: .*ECONNREFUSED.*; the other hosts of the fleet were not told/m);
    const refused = await bench.run(words('solve TASK --fail-fast'), usage);
    expect(refused.code).toBe(4);
    expect(refused.stderr).toMatch(/held on this host only by .+: deploy/);
    expect(await bench.run(['release'], usage)).toMatchObject({ code: 4 });
    expect(await bench.run(words('solve TASK --fail-fast'), usage)).toMatchObject({ code: 0 });
    expect(at.stats().submissions).toBe(1);
  });
});

describe('limits', () => {
  it('of a found config file stop only the processes that use it', async ({ bench }) => {
    const at = await bench.sandbox({});
    await bench.write('work/captcha.config.json', {
      polling: { interval: '20ms' },
      limits: { submissions: ['1/hour'] },
    });
    const found = { at, config: null };
    const codeOf = async (usage: object): Promise<number | null> =>
      (await bench.run(words('solve TASK --fail-fast'), usage)).code;
    expect([await codeOf(found), await codeOf(found), await codeOf({ at })]).toEqual([0, 4, 0]);
    const { stdout } = await bench.run(['budget', '--json'], { at });
    const from = join(bench.cwd, 'captcha.config.json');
    expect(JSON.parse(stdout)).toMatchObject({
      limits: [{ from, found: expect.any(String) as string, used: 1, left: 0 }],
    });
  });

  it('let all processes together submit as often as they say, and name the time until there is room', async ({
    bench,
  }) => {
    const at = await bench.sandbox({});
    const config = { limits: { submissions: ['4/hour'], labels: { nightly: ['1/hour'] } } };
    const flags = ['', '', '--label nightly', '--label nightly', '', ''];
    const running = await Promise.all(
      flags.map((label) => bench.start(words(`solve TASK --fail-fast --json ${label}`), { at, config })),
    );
    const ended = await Promise.all(running.map((process) => process.ended));
    expect(at.stats().submissions).toBe(4);
    expect(ended.filter(({ code }) => code === 0)).toHaveLength(4);
    const outcomes = ended.filter(({ code }) => code === 4).map(({ stdout }) => JSON.parse(stdout) as object);
    expect(outcomes).toHaveLength(2);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: 'limit-reached', attempts: [] });
    const shown = await bench.run(words('budget --json'), { at, config });
    expect(JSON.parse(shown.stdout)).toMatchObject({
      limits: expect.arrayContaining([expect.objectContaining({ count: 4, used: 4, left: 0 })]) as object,
    });
  });
});
