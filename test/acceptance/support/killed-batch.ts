import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { column, type Ledger, openLedger, type Row, rowsIn, solutionFor, tasksCsv } from './batch.ts';
import type { Bench } from './bench.ts';

export interface StressTest {
  readonly rows: number;
  readonly kills: number;
  readonly concurrency: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

const command = ['batch', 'tasks.csv', '--out', 'solved.csv', '--concurrency'];
/** Maximum delay of a kill after the awaited submission. */
const longestAfterMs = 25;

function acceptedCount({ accepted }: Ledger): number {
  return [...accepted.values()].reduce((sum, count) => sum + count, 0);
}

/** Runs the batch and kills it a random time after the service has accepted `untilAccepted` submissions in total. */
async function runAndKill(bench: Bench, ledger: Ledger, kill: StressTest & { untilAccepted: number }): Promise<void> {
  const running = await bench.start([...command, String(kill.concurrency)], { at: ledger });
  while (acceptedCount(ledger) < kill.untilAccepted && running.child.exitCode === null) await sleep(1);
  await sleep(kill.random() * longestAfterMs);
  running.signal('SIGKILL');
  const { signal, code } = await running.ended;
  expect([signal, code], 'it was killed, or had finished just before').toContainEqual(code === 0 ? 0 : 'SIGKILL');
}

/** One row per task, with the solution of its own site key. */
export function expectRowEach(rows: readonly Row[], count: number): void {
  expect(new Set(column(rows, 'task_id')).size, 'tasks with a row').toBe(count);
  expect(rows.length, 'rows').toBe(count);
  for (const { sitekey = '', status, solution } of rows) {
    expect({ status, solution }).toEqual({ status: 'solved', solution: solutionFor(sitekey) });
  }
}

/** Site keys that were accepted twice without a mark in their rows. */
export function paidTwiceUnsaid(rows: readonly Row[], { accepted }: Ledger): readonly string[] {
  const doubtful = new Set(rows.filter((row) => row['possibly_charged'] === 'true').map((row) => row['sitekey']));
  const twice = [...accepted].filter(([, times]) => times > 1).map(([sitekey]) => sitekey);
  return twice.filter((sitekey) => !doubtful.has(sitekey));
}

/** One row per task; tasks that were accepted twice are listed as possibly charged. */
export function expectAccounted(rows: readonly Row[], ledger: Ledger, count: number): void {
  expectRowEach(rows, count);
  expect(paidTwiceUnsaid(rows, ledger), 'accepted twice without a word').toEqual([]);
}

/**
 * Kills a batch at random instants, resumes it each time, and finally lets it finish; returns the rows and the ledger.
 */
export async function surviveKills(
  bench: Bench,
  stressTest: StressTest,
): Promise<{ rows: readonly Row[]; ledger: Ledger }> {
  const ledger = await openLedger(bench);
  await bench.write('work/tasks.csv', tasksCsv(stressTest.rows));
  const instants = Array.from({ length: stressTest.kills }, () => Math.floor(stressTest.random() * stressTest.rows));
  for (const untilAccepted of instants.toSorted((a, b) => a - b)) {
    await runAndKill(bench, ledger, { ...stressTest, untilAccepted });
  }
  const last = await bench.run([...command, String(stressTest.concurrency)], { at: ledger });
  expect(last, last.stderr).toMatchObject({ code: 0, stdout: '' });
  return { rows: await rowsIn(bench, 'solved.csv'), ledger };
}

/** A reproducible random generator (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
