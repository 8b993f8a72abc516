import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { it, turnstile } from './support/bench.ts';

const solve = ['solve', ...turnstile, '--json'];
const oneThread = { threads: 1, latencyMs: [3_600_000, 3_600_000] } as const;

/** A submission that uses the only thread. */
async function occupy({ url }: { url: string }): Promise<void> {
  const form = { key: 'other', json: '1', method: 'turnstile', sitekey: 'other', pageurl: 'https://example.com' };
  await fetch(`${url}/in.php`, { method: 'POST', body: new URLSearchParams(form) });
}

describe.concurrent('an account whose threads are all busy', () => {
  it('is waited for by more scripts than it has threads: all solve, and no two share a turn', async ({ bench }) => {
    const sandbox = await bench.sandbox({ threads: 2, latencyMs: [300, 600] });
    const config = { budget: { scope: 'host', burst: 1, ratio: 0, minRetriesPerSecond: 0 } };
    const started = Array.from({ length: 10 }, (_, index) =>
      bench.run([...solve, '--param', `data=${index}`, '--timeout', '3m', '--max-attempts', '1'], {
        at: sandbox,
        config,
      }),
    );
    const ended = await Promise.all(started);
    expect(ended.map(({ code, stderr }) => (code === 0 ? '' : stderr))).toEqual(ended.map(() => ''));
    const { accepted, duplicates, threadsHighWater } = sandbox.stats();
    expect({ accepted, duplicates, threadsHighWater }).toEqual({ accepted: 10, duplicates: 0, threadsHighWater: 2 });
  });

  it('fails a task of solve at the deadline, with the reason', async ({ bench }) => {
    const sandbox = await bench.sandbox(oneThread);
    await occupy(sandbox);
    const ended = await bench.run([...solve, '--timeout', '8s'], { at: sandbox });
    expect(ended.code).toBe(4);
    expect(JSON.parse(ended.stdout)).toMatchObject({ reason: 'deadline-exceeded', attempts: [] });
    expect(ended.stderr).toContain('waiting for a free thread');
    expect(ended.stderr).toContain('no free thread');
  });

  it('ends solve at once with --fail-fast', async ({ bench }) => {
    const sandbox = await bench.sandbox(oneThread);
    await occupy(sandbox);
    const ended = await bench.run([...solve, '--fail-fast'], { at: sandbox });
    expect(ended.code).toBe(4);
    expect(JSON.parse(ended.stdout)).toMatchObject({ reason: 'attempts-exhausted', possiblyCharged: false });
    expect(sandbox.stats().submissions).toBe(2);
  });

  it('fails the tasks of a batch at their own time limits', async ({ bench }) => {
    const sandbox = await bench.sandbox(oneThread);
    await occupy(sandbox);
    const rows = ['a', 'b'].map((name) => `${name},turnstile,${name},https://example.com`);
    const input = await bench.write('in.csv', ['task_id,method,sitekey,pageurl', ...rows, ''].join('\n'));
    const ended = await bench.run(['batch', input, '--out', 'out.csv', '--timeout', '8s'], { at: sandbox });
    expect(ended).toMatchObject({ code: 4 });
    const output = await readFile(join(bench.cwd, 'out.csv'), 'utf8');
    expect(output.match(/deadline-exceeded/g)).toHaveLength(2);
    expect(ended.stderr).toMatch(/waiting for a free thread since \S+ \(1 of 1 busy/);
  });
});
