import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { column, countsOf, openLedger, rowsIn, rowsOf, tasksCsv, until } from './support/batch.ts';
import { it } from './support/bench.ts';
import { expectAccounted } from './support/killed-batch.ts';
import { bin } from './support/running.ts';
import { hourMs, ServiceClock } from './support/service-clock.ts';
import { mountSmallDisk } from './support/small-disk.ts';

const batch = ['batch', 'tasks.csv', '--out', 'solved.csv', '--concurrency', '10'];

describe.concurrent('captcha batch with a failing service', () => {
  it('stops with 3 on an account error, and keeps the solved rows', async ({ bench }) => {
    const ledger = await openLedger(bench);
    await bench.write('work/tasks.csv', tasksCsv(60));
    ledger.sandbox.script({ mode: 'ERROR_KEY_DOES_NOT_EXIST', endpoint: 'submit', afterRequests: 20, times: Infinity });
    const ended = await bench.run(batch, { at: ledger });
    expect(ended, ended.stderr).toMatchObject({ code: 3, stdout: '' });
    expect(ended.stderr).toContain('ERROR_KEY_DOES_NOT_EXIST');
    expect(ledger.sandbox.stats().submissions).toBeLessThan(45);
    expectAccounted(await rowsIn(bench, 'solved.csv'), ledger, 20);
  });

  it('continues after the account was fixed', async ({ bench }) => {
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
    const clock = new ServiceClock();
    const ledger = await openLedger(bench, {
      outages: [{ mode: 503, fromMs: hourMs, toMs: 2 * hourMs }],
      latencyMs: [100, 200],
      resultKeptMs: 10 * hourMs,
      clock,
    });
    await bench.write('work/tasks.csv', tasksCsv(300));
    const config = {
      // After a break the earlier pace applies for one window; it is short here because the outage is short.
      breaker: { breakDuration: '500ms', maxBreakDuration: '2s', samplingDuration: '5s' },
      // More than the breaker needs to open, and its probes after it: they may all be those of one task.
      retry: { maxAttempts: 50, baseDelay: '100ms', maxDelay: '500ms' },
    };
    const running = await bench.start(batch, { at: ledger, config });
    await until(() => ledger.accepted.size >= 50);
    clock.move(hourMs);
    // All tasks in work may wait for their polls, so that nothing is submitted.
    await until(() => ledger.sandbox.stats().requestsDuringOutage >= 20);
    clock.move(hourMs);
    const ended = await running.ended;
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(ledger.sandbox.stats().submissionsDuringOutage).toBeLessThan(60);
    expectAccounted(await rowsIn(bench, 'solved.csv'), ledger, 300);
  });

  it('adapts to a small number of threads: busy threads cost no attempt', async ({ bench }) => {
    const ledger = await openLedger(bench, { threads: 3, latencyMs: [100, 200] });
    await bench.write('work/tasks.csv', tasksCsv(40));
    const ended = await bench.run(['batch', 'tasks.csv', '--out', 'solved.csv', '--concurrency', '4'], { at: ledger });
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    const rows = await rowsIn(bench, 'solved.csv');
    expectAccounted(rows, ledger, 40);
    expect(countsOf(column(rows, 'attempts'))).toEqual({ 1: 40 });
    expect(ledger.sandbox.stats().threadsHighWater).toBeGreaterThan(1);
  });

  it('does not count submissions with a no-slot answer towards --max-submissions', async ({ bench }) => {
    const ledger = await openLedger(bench, { threads: 3, latencyMs: [600, 800] });
    ledger.sandbox.script({ mode: 'ERROR_NO_SLOT_AVAILABLE', endpoint: 'submit', times: 2 });
    await bench.write('work/tasks.csv', tasksCsv(20));
    const line = ['batch', 'tasks.csv', '--out', 'solved.csv', '--concurrency', '6', '--max-submissions', '6'];
    const ended = await bench.run(line, { at: ledger });
    expect(ended, ended.stderr).toMatchObject({ code: 4 });
    expect(ended.stderr).toContain('6 solved, 0 failed\n6 submissions');
    expect(ledger.sandbox.stats()).toMatchObject({ accepted: 6 });
    expect(ledger.sandbox.stats().submissions).toBeGreaterThanOrEqual(8);
  });

  it('stops at --max-failures with 1', async ({ bench }) => {
    const sandbox = await bench.sandbox({ answer: () => null });
    await bench.write('work/tasks.csv', tasksCsv(100));
    const ended = await bench.run([...batch, '--max-failures', '5', '--max-attempts', '1'], { at: sandbox });
    expect(ended, ended.stderr).toMatchObject({ code: 1 });
    expect(sandbox.stats().accepted).toBeLessThan(40);
  });

  it('ends with 4 if every unsolved row failed for a temporary reason', async ({ bench }) => {
    const sandbox = await bench.sandbox();
    sandbox.script({ mode: 'poll/reset', times: Infinity });
    await bench.write('work/tasks.csv', tasksCsv(3));
    const ended = await bench.run([...batch, '--timeout', '20s'], { at: sandbox });
    expect(ended, ended.stderr).toMatchObject({ code: 4 });
    expect(countsOf(column(await rowsIn(bench, 'solved.csv'), 'reason'))).toEqual({ 'deadline-exceeded': 3 });
    expect(sandbox.stats().accepted).toBe(3);
  });
});

describe.concurrent('captcha batch on a failing machine', () => {
  it('ends with 74 and a clear message on a full disk, and resumes when there is space', async ({ bench, skip }) => {
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

  it('ends with 74 if a file may not grow, and resumes when it may', async ({ bench }) => {
    const ledger = await openLedger(bench);
    await bench.write('work/tasks.csv', tasksCsv(300));
    const config = await bench.write('limited.json', { polling: { firstWait: '0ms', interval: '20ms' } });
    // Without a listener, the SIGXFSZ that comes with the error would end the process.
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

  it('exits quietly when its reader has gone, and every id is in the journal', async ({ bench }) => {
    const ledger = await openLedger(bench, { latencyMs: [20, 400] });
    await bench.write('work/tasks.csv', tasksCsv(200));
    const line = ['batch', 'tasks.csv', '--journal', 'batch.journal', '--concurrency', '10'];
    const running = await bench.start(line, { at: ledger });
    await running.said(/t\d+,turnstile/);
    running.child.stdout!.destroy();
    const ended = await running.ended;
    expect(ended, ended.stderr).toMatchObject({ code: 141, stderr: '' });
    const again = await bench.run(line, { at: ledger });
    expect(again, again.stderr).toMatchObject({ code: 0 });
    expectAccounted(rowsOf(again.stdout), ledger, 200);
    const accepted = ledger.sandbox.stats().accepted;
    expect(accepted - 200).toBeLessThanOrEqual(10);
  });

  it.for([
    ['--out', 'absent/solved.csv'],
    ['--journal', 'absent/batch.journal'],
  ])('reports a missing folder of %s before anything is sent', async ([flag, path], { bench }) => {
    const ledger = await openLedger(bench);
    await bench.write('work/tasks.csv', tasksCsv(3));
    const ended = await bench.run(['batch', 'tasks.csv', flag!, path!], { at: ledger });
    expect([2, 74], ended.stderr).toContain(ended.code);
    expect(ended.stderr).toContain('absent');
    expect(ledger.sandbox.stats().submissions).toBe(0);
  });
});
