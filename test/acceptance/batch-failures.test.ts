import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { column, countsOf, openLedger, rowsIn, rowsOf, tasksCsv } from './support/batch.ts';
import { it } from './support/bench.ts';
import { expectAccounted } from './support/killed-batch.ts';
import { bin } from './support/running.ts';
import { mountSmallDisk } from './support/small-disk.ts';

const batch = ['batch', 'tasks.csv', '--out', 'solved.csv', '--concurrency', '10'];

describe.concurrent('captcha batch with a failing service', () => {
  it('stops with 3 when the account needs a person, and keeps what was solved', async ({ bench }) => {
    const ledger = await openLedger(bench);
    await bench.write('work/tasks.csv', tasksCsv(60));
    ledger.sandbox.script({ mode: 'ERROR_KEY_DOES_NOT_EXIST', endpoint: 'submit', afterRequests: 20, times: Infinity });
    const ended = await bench.run(batch, { at: ledger });
    expect(ended, ended.stderr).toMatchObject({ code: 3, stdout: '' });
    expect(ended.stderr).toContain('ERROR_KEY_DOES_NOT_EXIST');
    expect(ledger.sandbox.stats().submissions).toBeLessThan(45);
    expectAccounted(await rowsIn(bench, 'solved.csv'), ledger, 20);
  });

  it('goes on after the account was put in order', async ({ bench }) => {
    const ledger = await openLedger(bench);
    await bench.write('work/tasks.csv', tasksCsv(30));
    ledger.sandbox.script({ mode: 'ERROR_IP_NOT_ALLOWED', endpoint: 'submit', afterRequests: 5, times: 40 });
    expect(await bench.run(batch, { at: ledger })).toMatchObject({ code: 3 });
    const left = 40 - (ledger.sandbox.stats().submissions - 5);
    for (let struck = 0; struck < left; struck += 1) await fetch(`${ledger.url}/in.php?key=k&method=turnstile`);
    expect(await bench.run(batch, { at: ledger })).toMatchObject({ code: 0 });
    expectAccounted(await rowsIn(bench, 'solved.csv'), ledger, 30);
  });

  it('waits for an outage to end, and ends with 0', async ({ bench }) => {
    const ledger = await openLedger(bench, {
      outages: [{ mode: 503, fromMs: 1_200, toMs: 4_000 }],
      latencyMs: [100, 200],
    });
    await bench.write('work/tasks.csv', tasksCsv(300));
    const config = {
      // After a break the pace of before is kept for a window: a short one, since this outage is short.
      breaker: { breakDuration: '300ms', maxBreakDuration: '1s', samplingDuration: '5s' },
      // More than the breaker needs to open: where few tasks submit, the first failures may all be those of one.
      retry: { maxAttempts: 8, baseDelay: '100ms', maxDelay: '500ms' },
      // Ids whose polls fall into the outage are polled on, less and less often: they need the time for it.
      solve: { timeout: '18s' },
    };
    const ended = await bench.run(batch, { at: ledger, config });
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(ledger.sandbox.stats().requestsDuringOutage).toBeGreaterThan(0);
    expect(ledger.sandbox.stats().submissionsDuringOutage).toBeLessThan(60);
    expectAccounted(await rowsIn(bench, 'solved.csv'), ledger, 300);
  });

  it('finds its way to the few threads there are: no attempt is spent on busy threads', async ({ bench }) => {
    const ledger = await openLedger(bench, { threads: 3, latencyMs: [30, 60] });
    await bench.write('work/tasks.csv', tasksCsv(40));
    const ended = await bench.run(['batch', 'tasks.csv', '--out', 'solved.csv', '--concurrency', '4'], { at: ledger });
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    const rows = await rowsIn(bench, 'solved.csv');
    expectAccounted(rows, ledger, 40);
    expect(countsOf(column(rows, 'attempts'))).toEqual({ 1: 40 });
    expect(ledger.sandbox.stats().threadsHighWater).toBe(3);
  });

  it('counts no submission that found every thread taken towards --max-submissions', async ({ bench }) => {
    const ledger = await openLedger(bench, { threads: 3, latencyMs: [600, 800] });
    await bench.write('work/tasks.csv', tasksCsv(20));
    const line = ['batch', 'tasks.csv', '--out', 'solved.csv', '--concurrency', '6', '--max-submissions', '6'];
    const ended = await bench.run(line, { at: ledger });
    expect(ended, ended.stderr).toMatchObject({ code: 4 });
    expect(ended.stderr).toContain('6 solved, 0 failed\n6 submissions');
    expect(ledger.sandbox.stats()).toMatchObject({ accepted: 6 });
    expect(ledger.sandbox.stats().submissions).toBeGreaterThan(6);
  });

  it('stops at --max-failures with 1', async ({ bench }) => {
    const sandbox = await bench.sandbox({ answer: () => null });
    await bench.write('work/tasks.csv', tasksCsv(100));
    const ended = await bench.run([...batch, '--max-failures', '5', '--max-attempts', '1'], { at: sandbox });
    expect(ended, ended.stderr).toMatchObject({ code: 1 });
    expect(sandbox.stats().accepted).toBeLessThan(40);
  });

  it('ends with 4 where every unsolved row failed for a passing reason', async ({ bench }) => {
    const sandbox = await bench.sandbox();
    sandbox.script({ mode: 'poll/reset', times: Infinity });
    await bench.write('work/tasks.csv', tasksCsv(3));
    const ended = await bench.run([...batch, '--timeout', '1500ms'], { at: sandbox });
    expect(ended, ended.stderr).toMatchObject({ code: 4 });
    expect(countsOf(column(await rowsIn(bench, 'solved.csv'), 'reason'))).toEqual({ 'deadline-exceeded': 3 });
    expect(sandbox.stats().accepted).toBe(3);
  });
});

describe.concurrent('captcha batch on a failing machine', () => {
  it('ends with 74 and a clear word on a full disk, and resumes when there is room', async ({ bench, skip }) => {
    const disk = mountSmallDisk(bench, 200 * 1_024);
    if (disk === null) {
      console.warn('skipped: only root may mount the small disk that this test fills');
      return skip('a small disk cannot be mounted here');
    }
    const ledger = await openLedger(bench);
    await bench.write('work/tasks.csv', tasksCsv(600));
    const line = ['batch', 'tasks.csv', '--out', join(disk.path, 'solved.csv'), '--concurrency', '20'];
    const ended = await bench.run(line, { at: ledger });
    expect(ended, ended.stderr).toMatchObject({ code: 74, stdout: '' });
    expect(ended.stderr).toMatch(/no space left/i);
    expect(ended.stderr).toMatch(/\d+ tasks left.*\nfree space, then continue with the same command: captcha /);
    disk.grow(20 * 1_024 * 1_024);
    const again = await bench.run(line, { at: ledger });
    expect(again, again.stderr).toMatchObject({ code: 0 });
    expectAccounted(rowsOf(await readFile(join(disk.path, 'solved.csv'), 'utf8')), ledger, 600);
  });

  it('ends with 74 where a file may not grow, and resumes when it may', async ({ bench }) => {
    const ledger = await openLedger(bench);
    await bench.write('work/tasks.csv', tasksCsv(300));
    const config = await bench.write('limited.json', { polling: { firstWait: '0ms', interval: '20ms' } });
    // Without a listener the signal that comes with the refusal would end the process.
    const deaf = await bench.write('deaf.cjs', "process.on('SIGXFSZ', () => undefined);");
    const command = [process.execPath, '--require', deaf, bin, '--config', config, ...batch];
    const limited = bench.startOther('sh', ['-c', 'ulimit -f 64; exec "$@"', 'sh', ...command], { at: ledger });
    const ended = await limited.ended;
    expect(ended, ended.stderr).toMatchObject({ code: 74, stdout: '' });
    expect(ended.stderr).toMatch(/EFBIG|too large/i);
    const again = await bench.run(batch, { at: ledger });
    expect(again, again.stderr).toMatchObject({ code: 0 });
    expectAccounted(await rowsIn(bench, 'solved.csv'), ledger, 300);
  });

  it('leaves at once and quietly when its reader has gone, and every id is in the journal', async ({ bench }) => {
    const ledger = await openLedger(bench, { latencyMs: [20, 400] });
    await bench.write('work/tasks.csv', tasksCsv(200));
    const line = ['batch', 'tasks.csv', '--journal', 'batch.journal', '--concurrency', '10'];
    const running = await bench.start(line, { at: ledger });
    await running.said(/t\d+,turnstile/);
    running.child.stdout!.destroy();
    const ended = await running.ended;
    expect(ended, ended.stderr).toMatchObject({ code: 141, stderr: '' });
    await sleep(500);
    const again = await bench.run(line, { at: ledger });
    expect(again, again.stderr).toMatchObject({ code: 0 });
    expectAccounted(rowsOf(again.stdout), ledger, 200);
    const accepted = ledger.sandbox.stats().accepted;
    expect(accepted - 200).toBeLessThanOrEqual(10);
  });

  it.for([
    ['--out', 'absent/solved.csv'],
    ['--journal', 'absent/batch.journal'],
  ])('says so where the folder of %s is not there, before anything is sent', async ([flag, path], { bench }) => {
    const ledger = await openLedger(bench);
    await bench.write('work/tasks.csv', tasksCsv(3));
    const ended = await bench.run(['batch', 'tasks.csv', flag!, path!], { at: ledger });
    expect([2, 74], ended.stderr).toContain(ended.code);
    expect(ended.stderr).toContain('absent');
    expect(ledger.sandbox.stats().submissions).toBe(0);
  });
});
