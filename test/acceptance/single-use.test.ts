import { describe, expect } from 'vitest';
import { column, rowsIn } from './support/batch.ts';
import { it } from './support/bench.ts';
import { firstRows } from '../support/exhaustive.ts';

const solve = ['solve', '--pageurl', 'https://example.com/login', '--sitekey', 'abc', '--method'];
const fresh = 'used up by one submission, so the task is not submitted again: fetch a fresh one from the page.';

describe.concurrent('an input that works for one submission only', () => {
  firstRows(it).for([
    ['geetest', 'challenge', 'once'],
    ['userrecaptcha', 'data-s', 'once'],
    ['funcaptcha', 'data[blob]', 'once'],
    ['hcaptcha', 'rqdata', 'once'],
  ] as const)('is submitted once where the service gives it up: %s with %s', async ([method, name], { bench }) => {
    const sandbox = await bench.sandbox({ answer: () => null });
    const ended = await bench.run([...solve, method, '--param', `${name}=0a1b2c3d`], { at: sandbox });
    expect(ended, ended.stderr).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toContain(`${name} is ${fresh}`);
    expect(ended.stderr).not.toContain('0a1b2c3d');
    expect(sandbox.stats()).toMatchObject({ submissions: 1, accepted: 1 });
  });

  it('is submitted again if no answer came', async ({ bench }) => {
    const sandbox = await bench.sandbox();
    sandbox.script({ mode: 'submit/reset-after' });
    const args = [...solve, 'geetest', '--param', 'challenge=c', '--json'];
    const ended = await bench.run(args, { at: sandbox });
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(JSON.parse(ended.stdout)).toMatchObject({ status: 'solved', possiblyCharged: true });
    expect(sandbox.stats().submissions).toBe(2);
  });

  it.for(['direct', 'queues'])('is paid once by a batch, and by none of its later runs: %s', async (via, { bench }) => {
    const sandbox = await bench.sandbox({ answer: () => null });
    const row = (task: string, challenge: string): string => `${task},geetest,abc,https://example.com/,${challenge}\n`;
    const header = 'task_id,method,sitekey,pageurl,challenge\n';
    await bench.write('work/tasks.csv', header + row('t1', 'c1') + row('t2', 'c2'));
    const region = { name: 'here', queue: 'memory:here' };
    const usage = {
      at: sandbox,
      config: { regions: [region], routes: { default: 'here' }, results: 'memory:results' },
    };
    const batch = ['batch', 'tasks.csv', '--out', 'solved.csv', '--via', via];
    expect(await bench.run(batch, usage)).toMatchObject({ code: 1 });
    expect(sandbox.stats().submissions).toBe(2);
    expect(await bench.run(batch, usage)).toMatchObject({ code: 1 });
    const again = await bench.run([...batch, '--retry-failed'], usage);
    expect(again, again.stderr).toMatchObject({ code: 1 });
    expect(again.stderr).toContain('not submitted again: 2 tasks with challenge');
    expect(sandbox.stats().submissions).toBe(2);
    expect(column(await rowsIn(bench, 'solved.csv'), 'reason')).toEqual(['unsolvable', 'unsolvable']);
    // A new value makes the row another task.
    await bench.write('work/tasks.csv', header + row('t1', 'c1') + row('t2', 'c3'));
    expect(await bench.run([...batch, '--retry-failed'], usage)).toMatchObject({ code: 1 });
    expect(sandbox.stats().submissions).toBe(3);
  });
});
