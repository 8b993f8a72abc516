import { spawnSync } from 'node:child_process';
import { link, open, readFile, rename, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { column, type Ledger, openLedger, rowsIn, tasksCsv, until } from './support/batch.ts';
import { type Bench, it } from './support/bench.ts';
import { expectAccounted, expectRowEach, paidTwiceUnsaid } from './support/killed-batch.ts';
import { bin, type Running } from './support/running.ts';
import { slowService } from './support/service-clock.ts';

/**
 * The command that starts a process as the first one of a PID namespace, like a container; null if this machine does
 * not allow it.
 */
const container = [['--pid'], ['--user', '--map-root-user', '--pid']]
  .map((flags) => [...flags, '--fork', '--mount-proc', '--kill-child'])
  .find((flags) => spawnSync('unshare', [...flags, 'true']).status === 0);

if (container === undefined) console.warn('skipped: batches in PID namespaces (unshare is not permitted here)');

const config = { polling: { firstWait: '0ms', interval: '20ms' }, solve: { timeout: '30m' } };
const batch = (out: string): readonly string[] => [
  ...['batch', 'tasks.csv', '--out', out, '--journal', 'shared.journal', '--concurrency', '5'],
];

/** Starts a batch in its own container, on the shared folder. */
async function startContained(bench: Bench, at: Ledger, out: string): Promise<Running> {
  const file = await bench.write(`${out}.json`, config);
  const args = [...(container ?? []), process.execPath, bin, '--config', file, ...batch(out)];
  return bench.startOther('unshare', args, { at });
}

/** The pid of the containerised batch, as seen from here. */
async function pidInside({ child }: Running): Promise<number> {
  const children = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8');
  return Number(children.trim());
}

const acceptedCount = ({ sandbox }: Ledger): number => sandbox.stats().accepted;

/** Makes the lock look as if it was not refreshed for two minutes. */
async function letLockAge(bench: Bench): Promise<void> {
  const then = Date.now() / 1000 - 120;
  await utimes(join(bench.cwd, 'shared.journal.lock.1'), then, then);
}

describe.runIf(container !== undefined)('captcha batch in two containers with one host name and one folder', () => {
  it('runs once at a time, and pays for every row once', async ({ bench }) => {
    const { service, finish } = slowService();
    const ledger = await openLedger(bench, service);
    await bench.write('work/tasks.csv', tasksCsv(40));
    const first = await startContained(bench, ledger, 'first.csv');
    await until(() => acceptedCount(ledger) >= 5);
    const second = await (await startContained(bench, ledger, 'second.csv')).ended;
    expect(second, second.stderr).toMatchObject({ code: 2 });
    expect(second.stderr).toMatch(/in use by process 1 on .* since /);
    expect(second.stderr).toMatch(/free in \d+s, or now if you delete .*shared\.journal\.lock\.1/);
    finish();
    expect(await first.ended).toMatchObject({ code: 0 });
    expect(acceptedCount(ledger)).toBe(40);
    expectAccounted(await rowsIn(bench, 'first.csv'), ledger, 40);
  });

  it('continues after a killed one once its lock is stale', async ({ bench }) => {
    const ledger = await openLedger(bench, { latencyMs: [100, 200] });
    await bench.write('work/tasks.csv', tasksCsv(40));
    const first = await startContained(bench, ledger, 'first.csv');
    await until(() => acceptedCount(ledger) >= 10);
    const pid = await pidInside(first);
    // Otherwise the next namespace may get the same number, which would prove that the first one is gone.
    const namespace = await open(`/proc/${pid}/ns/pid`);
    bench.afterwards(() => namespace.close());
    process.kill(pid, 'SIGKILL');
    await first.ended;
    expect(await (await startContained(bench, ledger, 'second.csv')).ended).toMatchObject({ code: 2 });
    await letLockAge(bench);
    const second = await (await startContained(bench, ledger, 'second.csv')).ended;
    expect(second, second.stderr).toMatchObject({ code: 0 });
    expectAccounted(await rowsIn(bench, 'second.csv'), ledger, 40);
  });

  it('stops if another batch took over while it was suspended', async ({ bench }) => {
    const ledger = await openLedger(bench, { latencyMs: [100, 200] });
    await bench.write('work/tasks.csv', tasksCsv(60));
    const first = await startContained(bench, ledger, 'first.csv');
    await until(() => acceptedCount(ledger) >= 15);
    const pid = await pidInside(first);
    process.kill(pid, 'SIGSTOP');
    await letLockAge(bench);
    const second = await startContained(bench, ledger, 'second.csv');
    await until(() => acceptedCount(ledger) >= 30);
    process.kill(pid, 'SIGCONT');
    const [paused, successor] = await Promise.all([first.ended, second.ended]);
    expect(paused, paused.stderr).toMatchObject({ code: 4 });
    expect(paused.stderr).toMatch(/no longer belongs to this run: process 1 on .* has taken it over/);
    expect(successor, successor.stderr).toMatchObject({ code: 0 });
    const rows = await rowsIn(bench, 'second.csv');
    expectRowEach(rows, 60);
    expect(paidTwiceUnsaid(rows, ledger)).toEqual([]);
    // Only submissions in flight are in doubt: at most as many as run at once.
    expect(acceptedCount(ledger)).toBeLessThanOrEqual(65);
    expect(column(rows, 'possibly_charged').filter((each) => each === 'true').length).toBeLessThanOrEqual(5);
  });
});

describe('captcha batch with a journal that has several names', () => {
  it('is refused under each name', async ({ bench }) => {
    const ledger = await openLedger(bench);
    await bench.write('work/tasks.csv', tasksCsv(3));
    await bench.run(batch('first.csv'), { at: ledger });
    await bench.write('work/elsewhere/tasks.csv', tasksCsv(3));
    await link(join(bench.cwd, 'shared.journal'), join(bench.cwd, 'elsewhere', 'linked.journal'));
    for (const name of ['shared.journal', 'elsewhere/linked.journal']) {
      const ended = await bench.run(['batch', 'tasks.csv', '--out', 'second.csv', '--journal', name], { at: ledger });
      expect(ended, ended.stderr).toMatchObject({ code: 2 });
      expect(ended.stderr).toContain('has 2 names (hard links)');
    }
    expect(acceptedCount(ledger)).toBe(3);
  });

  it('stops if its journal is renamed meanwhile, and continues under the new name', async ({ bench }) => {
    const ledger = await openLedger(bench, { latencyMs: [100, 200] });
    await bench.write('work/tasks.csv', tasksCsv(40));
    const first = await bench.start(batch('first.csv'), { at: ledger });
    await until(() => acceptedCount(ledger) >= 10);
    await rename(join(bench.cwd, 'shared.journal'), join(bench.cwd, 'renamed.journal'));
    const ended = await first.ended;
    expect(ended, ended.stderr).toMatchObject({ code: 4 });
    expect(ended.stderr).toContain('was removed, renamed or replaced while it was in use');
    const again = ['batch', 'tasks.csv', '--out', 'second.csv', '--journal', 'renamed.journal'];
    expect(await bench.run(again, { at: ledger })).toMatchObject({ code: 0 });
    expectAccounted(await rowsIn(bench, 'second.csv'), ledger, 40);
  });
});

it('captcha batch, killed and restarted at once on the same machine, continues at once', async ({ bench }) => {
  const ledger = await openLedger(bench, { latencyMs: [100, 200] });
  await bench.write('work/tasks.csv', tasksCsv(20));
  const first = await bench.start(batch('first.csv'), { at: ledger });
  await until(() => acceptedCount(ledger) >= 5);
  await sleep(20);
  first.signal('SIGKILL');
  await first.ended;
  expect(await bench.run(batch('first.csv'), { at: ledger })).toMatchObject({ code: 0 });
  expectAccounted(await rowsIn(bench, 'first.csv'), ledger, 20);
});
