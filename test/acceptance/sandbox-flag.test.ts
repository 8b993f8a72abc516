import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { column, countsOf, rowsIn, rowsOf, tasksCsv, until } from './support/batch.ts';
import { it } from './support/bench.ts';

/** Variables of a fleet of one's own, which a trial must not use. */
const ownFleet = { WORKER_REGION: 'my-dc', TASK_QUEUE: 'redis://127.0.0.1:1', RESULT_QUEUE_URL: 'redis://127.0.0.1:1' };

describe.concurrent('--sandbox', () => {
  it('resumes a killed batch, and marks what its service was paid for', async ({ bench }) => {
    await bench.write('work/tasks.csv', tasksCsv(300));
    const line = ['--sandbox', 'batch', 'tasks.csv', '--out', 'o.csv'];
    const first = await bench.start(line, { config: null });
    const output = join(bench.cwd, 'o.csv');
    await until(() => existsSync(output) && readFileSync(output, 'utf8').split('\n').length > 30);
    first.signal('SIGKILL');
    await first.ended;
    const { code, stderr } = await bench.run(line, { config: null });
    expect({ code }, stderr).toEqual({ code: 0 });
    const [, done] = /continuing: (\d+) of 300 done/.exec(stderr) ?? [];
    const rows = await rowsIn(bench, 'o.csv');
    expect(new Set(column(rows, 'task_id')).size).toBe(300);
    expect(countsOf(column(rows, 'status'))).toEqual({ solved: 300 });
    // What was done stays as it is; what was in flight is marked, and submitted again.
    expect(Number(done)).toBeGreaterThanOrEqual(29);
    const [, marked = '0'] = /, (\d+) with an unknown submission/.exec(stderr) ?? [];
    expect(countsOf(column(rows, 'possibly_charged'))['true'] ?? 0).toBe(Number(marked));
    // Another service is another run.
    const other = await bench.run(line.slice(1));
    expect(other.code).toBe(2);
    expect(other.stderr).toContain('its base URL is --sandbox');
  });

  it('shows a worker, its results, queues and a failover, whatever the environment says', async ({ bench }) => {
    const run = (line: string) => bench.run(['--sandbox', ...line.split(' ')], { config: null, env: ownFleet });
    const worker = await run('worker --exit-when-idle 300ms --json');
    const told = worker.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string });
    expect(told.filter(({ type }) => type === 'finished')).toHaveLength(20);
    expect(told.at(-1)).toMatchObject({ type: 'ended', reason: 'idle', solved: 20, failed: 0 });
    const results = rowsOf((await run('results')).stdout);
    expect(countsOf(column(results, 'region'))).toEqual({ 'us-east-1': 20, 'eu-west-1': 20, 'ap-southeast-1': 20 });
    const { queues } = JSON.parse((await run('queue show --json')).stdout) as { queues: object[] };
    expect(queues).toMatchObject([20, 20, 20].map((waiting) => ({ waiting, dead: 1 })));
    const { dead } = JSON.parse((await run('queue dead eu-west-1 --json')).stdout) as { dead: { id: string }[] };
    const requeued = await run(`queue requeue eu-west-1 ${dead[0]?.id}`);
    expect(requeued).toMatchObject({ code: 0, stdout: '1 task requeued\n' });
    const applied = JSON.parse((await run('failover --apply --json')).stdout) as object;
    expect(applied).toMatchObject({
      failover: [{ from: 'eu-west-1', backlog: 20 }],
      applied: [{ from: 'eu-west-1', kept: 0, error: null }],
    });
  });
});
