import { describe, expect } from 'vitest';
import { column, countsOf, openLedger, rowsIn, tasksCsv } from './support/batch.ts';
import { it, words } from './support/bench.ts';
import { expectAccounted } from './support/killed-batch.ts';
import { solution } from './support/secrets.ts';
import { firstRows } from '../support/exhaustive.ts';

describe.concurrent('a service that compresses its answers without being asked', () => {
  firstRows(it).for(['gzip', 'deflate', 'br'])('is understood, and paid once: %s', async (mode, { bench }) => {
    const sandbox = await bench.sandbox();
    sandbox.script({ mode, times: Infinity });
    const ended = await bench.run(words('solve TASK'), { at: sandbox });
    expect(ended, ended.stderr).toMatchObject({ code: 0, stdout: `${solution}\n` });
    expect(sandbox.stats()).toMatchObject({ submissions: 1, accepted: 1, collected: 1 });
  });

  it('is understood by a batch', async ({ bench }) => {
    const ledger = await openLedger(bench);
    ledger.sandbox.script({ mode: 'gzip', times: Infinity });
    await bench.write('work/tasks.csv', tasksCsv(6));
    const ended = await bench.run(['batch', 'tasks.csv', '--out', 'solved.csv'], { at: ledger });
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    const rows = await rowsIn(bench, 'solved.csv');
    expectAccounted(rows, ledger, 6);
    expect(countsOf(column(rows, 'status'))).toEqual({ solved: 6 });
    expect(ledger.sandbox.stats().submissions).toBe(6);
  });

  it('is reported if an answer cannot be decompressed: the submission may have been paid for', async ({ bench }) => {
    const service = await bench.service(() => ({ headers: { 'content-encoding': 'zstd' }, body: '\u0001\u0002' }));
    const ended = await bench.run(words('solve TASK --max-attempts 1 --json'), { at: service });
    expect(ended, ended.stderr).toMatchObject({ code: 4 });
    expect(ended.stderr).toContain('the unsupported encoding zstd');
    expect(JSON.parse(ended.stdout)).toMatchObject({ status: 'failed', possiblyCharged: true });
    expect(service.received).toHaveLength(1);
    expect(service.received[0]!.headers['accept-encoding']).toBe('identity');
  });
});
