import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { expositionProblems } from '../support/exposition-problems.ts';
import { it } from './support/bench.ts';

const tasks = (count: number): string =>
  ['method,sitekey,pageurl', ...Array.from({ length: count }, () => 'turnstile,0x4AAA,https://example.com/')].join(
    '\n',
  );

describe('captcha batch --metrics', () => {
  it('leaves the metrics of the run in a file', async ({ bench }) => {
    const sandbox = await bench.sandbox();
    await bench.write('work/tasks.csv', tasks(20));
    const args = ['batch', 'tasks.csv', '--out', 'out.csv', '--metrics', 'captcha.prom'];
    const { code, stderr } = await bench.run(args, { at: sandbox });
    expect(code, stderr).toBe(0);
    const text = await readFile(join(bench.cwd, 'captcha.prom'), 'utf8');
    expect(expositionProblems(text)).toEqual([]);
    expect(text).toContain('captcha_tasks_total{command="batch",result="solved"} 20\n');
    expect(text).toContain('captcha_solve_seconds_count{command="batch"} 20\n');
    expect(text).toContain('captcha_batch_tasks{command="batch"} 20\n');
    expect(text).toMatch(/^captcha_budget_accepted_total\{scope="host"\} \d+$/m);
    expect((await readdir(bench.cwd)).filter((name) => name.includes('partial'))).toEqual([]);
    // The next run replaces its own file, and no other.
    expect(await bench.run([...args, '--fresh'], { at: sandbox })).toMatchObject({ code: 0 });
    const refused = await bench.run(['batch', 'tasks.csv', '--metrics', 'out.csv'], { at: sandbox });
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.stderr).toContain('out.csv is not a file of metrics of captcha');
  });

  it('serves the metrics during the run', async ({ bench }) => {
    const sandbox = await bench.sandbox({ latencyMs: [60_000, 60_000] });
    await bench.write('work/tasks.csv', tasks(2));
    const running = await bench.start(['batch', 'tasks.csv', '--out', 'out.csv', '--metrics', ':0'], { at: sandbox });
    await running.said(/metrics: http:\/\/127\.0\.0\.1:\d+\/metrics/);
    const [url] = /http:\/\/127\.0\.0\.1:\d+\/metrics/.exec(running.stderr)!;
    const read = async (): Promise<string> => (await fetch(url)).text();
    await expect.poll(read).toContain('captcha_submissions_total{command="batch"} 2\n');
    await expect.poll(read).toMatch(/^captcha_account_balance \d/m);
    expect(expositionProblems(await read())).toEqual([]);
    running.signal('SIGKILL');
    await running.ended;
  });
});
