import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { sealLine } from '../../src/adapters/state/sealed-line.ts';
import { column, countsOf, type Ledger, openLedger, rowsIn, rowsOf, tasksCsv, until } from './support/batch.ts';
import { type Bench, it } from './support/bench.ts';
import { expectAccounted, seeded, surviveKills } from './support/killed-batch.ts';
import { bin } from './support/running.ts';
import { isExhaustive } from '../support/exhaustive.ts';

const batch = ['batch', 'tasks.csv', '--out', 'solved.csv', '--concurrency', '10'];

/** Leaves a task behind whose submission was sent and never answered. */
async function cutOffMidRequest(bench: Bench, latencyMs = 20): Promise<Ledger> {
  const ledger = await openLedger(bench, { latencyMs: [latencyMs, latencyMs] });
  await bench.write('work/tasks.csv', tasksCsv(1));
  ledger.sandbox.script({ mode: 'hang', endpoint: 'submit' });
  const running = await bench.start(batch, { at: ledger, config: { api: { timeout: '15s' } } });
  await until(() => ledger.sandbox.stats().submissions >= 1);
  running.signal('SIGKILL');
  await running.ended;
  return ledger;
}

/** Makes every solution in a journal long expired: before its row was written, or since then. */
async function expire(path: string, isLate: boolean): Promise<void> {
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  const expired = lines.map((line) => {
    const fields = JSON.parse(line) as Record<string, unknown>;
    if (fields['t'] !== 'solved') return `${line}\n`;
    delete fields['c'];
    const row = { ...(fields['row'] as object), expires_at: '1970-01-01T00:00:01.000Z', expired: String(isLate) };
    return sealLine({ ...fields, exp: 1_000, row }).toString();
  });
  await writeFile(path, expired.join(''));
}

describe('captcha batch, killed at random instants and resumed', () => {
  it('has one row per task, and names what may have been accepted twice', async ({ bench }) => {
    const size = isExhaustive ? { rows: 300, kills: 4 } : { rows: 120, kills: 2 };
    const stressTest = { ...size, concurrency: 20, random: seeded(Date.now()) };
    const { rows, ledger } = await surviveKills(bench, stressTest);
    expectAccounted(rows, ledger, stressTest.rows);
  });
});

describe.concurrent('captcha batch, resumed', () => {
  it('after it finished sends nothing and writes the same rows', async ({ bench }) => {
    const ledger = await openLedger(bench);
    await bench.write('work/tasks.csv', tasksCsv(20));
    expect(await bench.run(batch, { at: ledger })).toMatchObject({ code: 0 });
    const before = await rowsIn(bench, 'solved.csv');
    const { submissions, polls } = ledger.sandbox.stats();
    expect(await bench.run(batch, { at: ledger })).toMatchObject({ code: 0 });
    expect(ledger.sandbox.stats()).toMatchObject({ submissions, polls });
    expect(new Set(await rowsIn(bench, 'solved.csv'))).toEqual(new Set(before));
  });

  it('after --limit starts where it stopped', async ({ bench }) => {
    const ledger = await openLedger(bench);
    await bench.write('work/tasks.csv', tasksCsv(30));
    expect(await bench.run([...batch, '--limit', '12'], { at: ledger })).toMatchObject({ code: 0 });
    expect(await rowsIn(bench, 'solved.csv')).toHaveLength(12);
    expect(await bench.run(batch, { at: ledger })).toMatchObject({ code: 0 });
    expectAccounted(await rowsIn(bench, 'solved.csv'), ledger, 30);
    expect(ledger.sandbox.stats().accepted).toBe(30);
  });

  it('after --max-submissions, which ends with 4, continues', async ({ bench }) => {
    const ledger = await openLedger(bench);
    await bench.write('work/tasks.csv', tasksCsv(30));
    expect(await bench.run([...batch, '--max-submissions', '7'], { at: ledger })).toMatchObject({ code: 4 });
    expect(ledger.sandbox.stats().accepted).toBe(7);
    expect(await bench.run(batch, { at: ledger })).toMatchObject({ code: 0 });
    expect(ledger.sandbox.stats().accepted).toBe(30);
    expectAccounted(await rowsIn(bench, 'solved.csv'), ledger, 30);
  });

  it('--export writes the same output from the journal alone', async ({ bench }) => {
    const ledger = await openLedger(bench);
    await bench.write('work/tasks.csv', tasksCsv(20));
    await bench.run(batch, { at: ledger });
    const { requests } = ledger.sandbox.stats();
    const line = ['batch', 'tasks.csv', '--journal', 'solved.csv.journal', '--export'];
    const exported = await bench.run(line, { at: ledger });
    expect(exported, exported.stderr).toMatchObject({ code: 0 });
    expect(new Set(rowsOf(exported.stdout))).toEqual(new Set(await rowsIn(bench, 'solved.csv')));
    expect(ledger.sandbox.stats().requests).toBe(requests);
  });

  it('--export --keep-order writes it in input order, with rows that the input no longer has at the end', async ({
    bench,
  }) => {
    const ledger = await openLedger(bench, { latencyMs: [0, 200] });
    await bench.write('work/tasks.csv', tasksCsv(30));
    await bench.run(batch, { at: ledger });
    await bench.write('work/tasks.csv', tasksCsv(30).replace(/^t7,.*\n/m, ''));
    const line = ['batch', 'tasks.csv', '--journal', 'solved.csv.journal', '--export', '--keep-order'];
    const exported = await bench.run(line, { at: ledger });
    expect(exported, exported.stderr).toMatchObject({ code: 0 });
    const order = Array.from({ length: 30 }, (_, index) => `t${index + 1}`).filter((id) => id !== 't7');
    expect(column(rowsOf(exported.stdout), 'task_id')).toEqual([...order, 't7']);
  });

  it('--export --keep-order reports an unreadable input', async ({ bench }) => {
    const ledger = await openLedger(bench);
    await bench.write('work/tasks.csv', tasksCsv(3));
    await bench.run(batch, { at: ledger });
    await rm(join(bench.cwd, 'tasks.csv'));
    const line = ['batch', 'tasks.csv', '--journal', 'solved.csv.journal', '--export', '--keep-order'];
    const exported = await bench.run(line, { at: ledger });
    expect(exported).toMatchObject({ code: 2, stdout: '' });
    expect(exported.stderr).toContain('tasks.csv');
  });

  it('prints the resume command, quoted for a shell', async ({ bench }) => {
    const ledger = await openLedger(bench);
    await bench.write('work/my tasks.csv', tasksCsv(9));
    const start = ['batch', 'my tasks.csv', '--out', 'solved.csv', '--limit', '4'];
    const first = await bench.run([...start, '--fresh'], { at: ledger });
    const [, command = ''] = /^continue with the same command: captcha (.*)$/m.exec(first.stderr) ?? [];
    const line = `"$0" "$1" ${command}`;
    const again = await bench.startOther('sh', ['-c', line, process.execPath, bin], { at: ledger }).ended;
    expect(again, again.stderr).toMatchObject({ code: 0 });
    expect(await rowsIn(bench, 'solved.csv')).toHaveLength(8);
    expect(ledger.sandbox.stats().accepted).toBe(8);
  });

  it('--fresh renames the journal and the output, and starts over', async ({ bench }) => {
    const ledger = await openLedger(bench);
    await bench.write('work/tasks.csv', tasksCsv(5));
    await bench.run(batch, { at: ledger });
    const old = await readFile(join(bench.cwd, 'solved.csv'), 'utf8');
    expect(await bench.run([...batch, '--fresh'], { at: ledger })).toMatchObject({ code: 0 });
    const names = await readdir(bench.cwd);
    const contents = names.map((name) => readFile(join(bench.cwd, name), 'utf8'));
    expect(await Promise.all(contents)).toContain(old);
    expect(names.filter((name) => name.includes('journal')).length).toBeGreaterThan(1);
    expect(ledger.sandbox.stats().accepted).toBe(10);
  });

  it('--retry-failed solves failed rows again and leaves solved ones alone', async ({ bench }) => {
    let isBroken = true;
    const sandbox = await bench.sandbox({
      answer: ({ params }) => (isBroken && params['sitekey']!.endsWith('3') ? null : undefined),
    });
    await bench.write('work/tasks.csv', tasksCsv(10));
    const once = [...batch, '--max-attempts', '1'];
    expect(await bench.run(once, { at: sandbox })).toMatchObject({ code: 1 });
    expect(countsOf(column(await rowsIn(bench, 'solved.csv'), 'reason'))).toEqual({ '': 9, unsolvable: 1 });
    isBroken = false;
    expect(await bench.run(once, { at: sandbox })).toMatchObject({ code: 1 });
    expect(sandbox.stats().accepted).toBe(10);
    expect(await bench.run([...once, '--retry-failed'], { at: sandbox })).toMatchObject({ code: 0 });
    const rows = await rowsIn(bench, 'solved.csv');
    expect(countsOf(column(rows, 'status'))).toEqual({ solved: 10 });
    expect(countsOf(column(rows, 'attempts'))).toEqual({ 1: 9, 2: 1 });
    expect(sandbox.stats().accepted).toBe(11);
  });

  it('resubmits a task whose submission was cut off, and marks it possibly charged', async ({ bench }) => {
    const ledger = await cutOffMidRequest(bench);
    const ended = await bench.run(batch, { at: ledger });
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(ended.stderr).toMatch(/possibly charged/);
    expect(await rowsIn(bench, 'solved.csv')).toMatchObject([{ status: 'solved', possibly_charged: 'true' }]);
  });

  it('still marks it after another kill, when the second submission was accepted', async ({ bench }) => {
    const ledger = await cutOffMidRequest(bench, 1_500);
    const second = await bench.start(batch, { at: ledger });
    await until(() => ledger.accepted.size >= 1);
    await sleep(300);
    second.signal('SIGKILL');
    await second.ended;
    const ended = await bench.run(batch, { at: ledger });
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(await rowsIn(bench, 'solved.csv')).toMatchObject([{ status: 'solved', possibly_charged: 'true' }]);
    expect(ledger.sandbox.stats().accepted).toBe(1);
  });

  it('--leave-in-doubt keeps it failed', async ({ bench }) => {
    const ledger = await cutOffMidRequest(bench);
    const ended = await bench.run([...batch, '--leave-in-doubt'], { at: ledger });
    expect(ended, ended.stderr).toMatchObject({ code: 1 });
    expect(await rowsIn(bench, 'solved.csv')).toMatchObject([{ reason: 'in-doubt', possibly_charged: 'true' }]);
    expect(ledger.sandbox.stats().submissions).toBe(1);
    expect(await bench.run([...batch, '--retry-failed'], { at: ledger })).toMatchObject({ code: 0 });
    expect(await rowsIn(bench, 'solved.csv')).toMatchObject([
      { status: 'solved', attempts: '2', possibly_charged: 'true' },
    ]);
  });

  it('--resolve-expired solves expired rows again; without it they stay', async ({ bench }) => {
    const ledger = await openLedger(bench);
    await bench.write('work/tasks.csv', tasksCsv(3));
    await bench.run(batch, { at: ledger });
    const journal = join(bench.cwd, 'solved.csv.journal');
    await expire(journal, false);
    expect(await bench.run([...batch, '--resolve-expired'], { at: ledger })).toMatchObject({ code: 0 });
    expect(ledger.sandbox.stats().accepted, 'delivered in time').toBe(3);
    const expired = Array.from({ length: 3 }, () => ({ expired: 'true' }));
    expect(await rowsIn(bench, 'solved.csv'), 'written after it had expired').toMatchObject(expired);
    await expire(journal, true);
    expect(await bench.run(batch, { at: ledger })).toMatchObject({ code: 0 });
    expect(ledger.sandbox.stats().accepted).toBe(3);
    expect(await bench.run([...batch, '--resolve-expired'], { at: ledger })).toMatchObject({ code: 0 });
    expect(ledger.sandbox.stats().accepted).toBe(6);
    expect(await rowsIn(bench, 'solved.csv')).toHaveLength(3);
  });

  it('is refused while the first run is still running, with its pid', async ({ bench }) => {
    const ledger = await openLedger(bench, { latencyMs: [1_000, 1_000] });
    await bench.write('work/tasks.csv', tasksCsv(3));
    const config = { api: { timeout: '60s' }, solve: { timeout: '80s' } };
    const first = await bench.start(batch, { at: ledger, config });
    await until(() => ledger.accepted.size >= 3);
    // It must still be running when the second one starts, even on a busy machine.
    first.signal('SIGSTOP');
    const second = await bench.run(batch, { at: ledger });
    first.signal('SIGCONT');
    expect(second, second.stderr).toMatchObject({ code: 2 });
    expect(second.stderr).toContain(String(first.child.pid));
    expect(await first.ended).toMatchObject({ code: 0 });
    expect(ledger.sandbox.stats().accepted).toBe(3);
  });

  it('with the journal of another service is refused', async ({ bench }) => {
    const [ledger, other] = [await openLedger(bench), await openLedger(bench)];
    await bench.write('work/tasks.csv', tasksCsv(3));
    await bench.run(batch, { at: ledger });
    expect(await bench.run(batch, { at: other })).toMatchObject({ code: 2 });
    expect(other.sandbox.stats().submissions).toBe(0);
  });

  it('with the journal of another account is refused', async ({ bench }) => {
    const ledger = await openLedger(bench);
    await bench.write('work/tasks.csv', tasksCsv(3));
    await bench.run(batch, { at: ledger });
    const env = { CAPTCHAAI_API_KEY: 'another-key-of-somebody-else-0000' };
    expect(await bench.run(batch, { at: ledger, env })).toMatchObject({ code: 2 });
    expect(ledger.sandbox.stats().submissions).toBe(3);
  });

  it('with the journal of another input is refused', async ({ bench }) => {
    const ledger = await openLedger(bench);
    await bench.write('work/tasks.csv', tasksCsv(3));
    await bench.run(batch, { at: ledger });
    await bench.write('work/tasks.csv', tasksCsv(3).replaceAll('0x4AAA', '0x4BBB').replaceAll('\nt', '\nu'));
    const ended = await bench.run(batch, { at: ledger });
    expect(ended, ended.stderr).toMatchObject({ code: 2 });
  });
});
