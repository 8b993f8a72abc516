import { describe, expect } from 'vitest';
import type { ManyIds } from '../../src/sandbox/options.ts';
import { openLedger, rowsIn, solutionFor, tasksCsv } from './support/batch.ts';
import { type Bench, it } from './support/bench.ts';
import { key } from './support/secrets.ts';

const rows = 200;
const polling = { firstWait: '0ms', interval: '100ms', idsPerRequest: 20 };

async function solve(bench: Bench, manyIds: ManyIds) {
  const ledger = await openLedger(bench, { manyIds, latencyMs: [0, 0] });
  await bench.write('work/tasks.csv', tasksCsv(rows));
  const config = { polling, solve: { timeout: '60s' }, batch: { concurrency: 20 } };
  const ended = await bench.run(['batch', 'tasks.csv', '--out', 'solved.csv'], { at: ledger, config });
  return { ended, stats: ledger.sandbox.stats(), found: await rowsIn(bench, 'solved.csv') };
}

describe.concurrent('captcha batch with several ids per poll', () => {
  it('sends fewer requests, and gives every task its own solution', async ({ bench }) => {
    const { ended, stats, found } = await solve(bench, 'answered');
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(found).toHaveLength(rows);
    for (const row of found) expect(row['solution']).toBe(solutionFor(row['sitekey']!));
    expect(stats.polls).toBeLessThan(rows / 2);
    expect(ended.stderr).not.toContain('one id per request');
    expect(ended.stderr).not.toContain(key);
  });

  it.for<ManyIds>(['unknown', 'short', 'sorted', 'adorned'])(
    'asks for every id alone, and says so, where several are %s',
    async (manyIds, { bench }) => {
      const { ended, stats, found } = await solve(bench, manyIds);
      expect(ended, ended.stderr).toMatchObject({ code: 0 });
      expect(found).toHaveLength(rows);
      for (const row of found) expect(row['solution']).toBe(solutionFor(row['sitekey']!));
      expect(stats).toMatchObject({ accepted: rows, submissions: rows });
      expect(stats.polls).toBeGreaterThan(rows);
      expect(ended.stderr).toContain('polled one id per request: the service did not answer as it does for each id');
    },
  );
});
