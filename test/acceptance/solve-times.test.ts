import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { type Bench, it, words } from './support/bench.ts';

interface Learnt {
  readonly scope: string;
  readonly methods: readonly { method: string; count: number; p50Ms: number; p95Ms: number; pollsAtMs: number[] }[];
}

/** Planned polls, each ten times as soon as usual. */
const quick = { polling: { firstWait: 'auto', interval: '500ms' } };

async function learntOf(bench: Bench, at: { url: string }, config: object = quick): Promise<Learnt> {
  const { code, stdout } = await bench.run(words('budget --solve-times --json'), { at, config });
  expect(code).toBe(0);
  return JSON.parse(stdout) as Learnt;
}

const folderOf = (bench: Bench): string => join(bench.home, 'state', 'captcha', 'solve-times');

describe.concurrent('what processes of a host learn of solve times', () => {
  it('is what each solve saw, one process after the other, for one service', async ({ bench }) => {
    const sandbox = await bench.sandbox({ latencyMs: [400, 400] });
    const other = await bench.sandbox();
    for (let count = 0; count < 2; count += 1)
      expect(await bench.run(words('solve TASK'), { at: sandbox, config: quick })).toMatchObject({ code: 0 });
    const { methods } = await learntOf(bench, sandbox);
    expect(methods).toMatchObject([{ method: 'turnstile', count: 2 }]);
    const [{ p50Ms, p95Ms, pollsAtMs }] = methods as [Learnt['methods'][number]];
    expect(p50Ms).toBeGreaterThan(0);
    expect(p95Ms).toBeGreaterThanOrEqual(p50Ms);
    expect(pollsAtMs).toEqual([...pollsAtMs].sort((a, b) => a - b));
    expect(pollsAtMs.length).toBeGreaterThan(0);
    expect(await learntOf(bench, other)).toMatchObject({ scope: 'host', methods: [] });
    const { stdout } = await bench.run(words('budget --solve-times'), { at: sandbox, config: quick });
    expect(stdout).toMatch(/method\s+│?\s*solved.*p50.*p95.*polls after/);
    expect(stdout).toMatch(/turnstile.*2/);
  });

  it('is shared by a batch, and read by the next process', async ({ bench }) => {
    const sandbox = await bench.sandbox({ latencyMs: [200, 300] });
    const rows = Array.from({ length: 20 }, (_, index) => `turnstile,0x4AAA${index},https://example.com`);
    const input = await bench.write('tasks.csv', ['method,sitekey,pageurl', ...rows].join('\n'));
    const batch = await bench.run(['batch', input, '--out', join(bench.home, 'out.csv')], {
      at: sandbox,
      config: quick,
    });
    expect(batch.code).toBe(0);
    expect(await learntOf(bench, sandbox)).toMatchObject({ methods: [{ method: 'turnstile', count: 20 }] });
  });

  it('is in files that name no address, and in none where the scope is the process', async ({ bench }) => {
    const sandbox = await bench.sandbox();
    const alone = { ...quick, budget: { scope: 'process' } };
    expect(await bench.run(words('solve TASK'), { at: sandbox, config: alone })).toMatchObject({ code: 0 });
    expect(await bench.run(words('solve TASK --sandbox'), { config: quick })).toMatchObject({ code: 0 });
    await expect(readdir(folderOf(bench))).rejects.toThrow('ENOENT');
    expect(await learntOf(bench, sandbox, alone)).toMatchObject({ scope: 'process', methods: [] });
    await bench.run(words('solve TASK'), { at: sandbox, config: quick });
    const [name, ...others] = await readdir(folderOf(bench));
    expect([name, others]).toEqual([expect.stringMatching(/^[0-9a-f]{16}\.log$/), []]);
    expect(await readFile(join(folderOf(bench), name!), 'utf8')).toMatch(
      /^\n\{"m":"turnstile","t":\[\d+,\d+\],"c":"\w{8}"\}\n$/,
    );
  });

  it('is nothing where the state folder is of no use, which costs nothing else', async ({ bench }) => {
    const sandbox = await bench.sandbox();
    const usage = { at: sandbox, config: quick, env: { CAPTCHA_STATE_DIR: '/dev/null/captcha' } };
    const told = await bench.run(words('solve TASK -v'), usage);
    expect(told.code).toBe(0);
    expect(told.stderr).toContain('solve times are not shared with other processes: ');
    const { code, stderr } = await bench.run(words('solve TASK'), usage);
    expect(code).toBe(0);
    expect(stderr).not.toContain('solve times');
  });

  it('cannot be watched or reset', async ({ bench }) => {
    const { code, stderr } = await bench.run(words('budget --solve-times --reset'));
    expect(code).toBe(2);
    expect(stderr).toContain('--solve-times cannot be combined with --watch or --reset');
  });
});
