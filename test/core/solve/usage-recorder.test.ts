import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/adapters/virtual/virtual-clock.ts';
import { UsageRecorder, type WatchedThreads } from '../../../src/core/solve/usage-recorder.ts';
import { usageReport } from '../../../src/core/solve/usage-report.ts';
import { describeFault } from '../../../src/domain/fault.ts';
import { hourMs, type UsageRecord } from '../../../src/domain/usage.ts';
import { aFault, aTask } from '../../support/builders.ts';
import type { PollAnswer } from '../../../src/ports/api.ts';
import { notReady, ready, type Script } from '../../support/scripted-api.ts';
import { aHarness, type SolverHarnessParts } from '../../support/solver-harness.ts';

const full = describeFault({ kind: 'throttled', message: 'no thread', threadsFull: true });

function aRecorder(clock: VirtualClock, { label = null as string | null } = {}) {
  const appended: UsageRecord[][] = [];
  const log = { append: (records: readonly UsageRecord[]) => void appended.push([...records]), read: () => [] };
  const recorder = new UsageRecorder({ clock, log, label });
  return { recorder, appended, report: () => usageReport(appended.flat()) };
}

/** Solves tasks with the production solver, and counts them. */
async function solved(parts: SolverHarnessParts, tasks = [aTask()]) {
  const made: ReturnType<typeof aRecorder>[] = [];
  const usageFor = (clock: VirtualClock): UsageRecorder => {
    const counted = aRecorder(clock, { label: 'nightly' });
    made.push(counted);
    return counted.recorder;
  };
  const harness = aHarness({ ...parts, usageFor });
  const [counted] = made as [ReturnType<typeof aRecorder>];
  const { clock } = harness;
  const solving = Promise.all(tasks.map((task) => harness.solver.solve(task, harness.stop.signal)));
  await clock.run();
  const outcomes = await solving;
  await counted.recorder.close();
  return { ...counted, outcomes, clock };
}

describe('the use of an account', () => {
  it('is counted by method, region and label: submissions, results, solve times and thread time', async () => {
    const tasks = [aTask(), aTask({ taskId: 'b', region: 'eu' }), aTask({ taskId: 'c', region: 'eu' })];
    const { report, outcomes } = await solved({}, tasks);
    const { rows, total } = report();
    expect(rows.map(({ region, label, submissions, solved }) => [region, label, submissions, solved])).toEqual(
      expect.arrayContaining([
        ['eu', 'nightly', 2, 2],
        [null, 'nightly', 1, 1],
      ]),
    );
    expect(total).toMatchObject({ submissions: 3, bounced: 0, solved: 3, failed: 0, possiblyCharged: 0, expired: 0 });
    const longest = Math.max(...outcomes.map(({ durationMs }) => durationMs));
    expect(total.solveMs.p95).toBeGreaterThan(0.9 * longest);
    expect(total.threadSeconds).toBeGreaterThan(0);
    expect(total.threadSeconds).toBeLessThanOrEqual((3 * longest) / 1_000);
  });

  it('tells failures, retries and lost answers apart', async () => {
    const lost = aFault({ kind: 'timeout', answerLost: true });
    const submits = () => [{ fault: lost }, { answer: 'accepted' }] as const;
    const { report } = await solved({ answers: { submits } });
    expect(report().total).toMatchObject({ submissions: 2, solved: 1, failed: 0, possiblyCharged: 1, solveRate: 1 });
  });

  it('counts no submission that did not leave', async () => {
    const unsent = aFault({ kind: 'config', neverSent: true });
    const { report } = await solved({ answers: { submits: () => [{ fault: unsent }] } });
    expect(report().total).toMatchObject({ submissions: 0, solved: 0, failed: 0 });
  });

  it('names a time in which tasks wait for a thread as time at the limit', async () => {
    const submits = () => [{ fault: full }, { fault: full }, { fault: full }, { answer: 'accepted' }] as const;
    const { report } = await solved({ answers: { submits }, options: { onExhausted: 'wait' } });
    const { total, threads } = report();
    expect(total).toMatchObject({ submissions: 1, bounced: 3, solved: 1 });
    expect(threads.saturation).toBeGreaterThan(0);
    expect(threads.saturation).toBeLessThan(1);
  });

  it('is stored once per second while tasks are in work, and at the end', async () => {
    const script: Script<PollAnswer> = [
      { answer: notReady },
      { answer: notReady },
      { answer: notReady },
      { answer: ready },
    ];
    const { appended, clock } = await solved({ answers: { polls: () => script } });
    expect(appended.length).toBeGreaterThan(5);
    expect(appended.length).toBeLessThanOrEqual(clock.nowMs() / 1_000 + 2);
    const [first = []] = appended;
    expect(usageReport(first).total).toMatchObject({ submissions: 1, solved: 0 });
  });

  it('splits thread time by hours, and looks at the threads that it is to watch', async () => {
    const clock = new VirtualClock(1_001 * hourMs - 2_000);
    const { recorder, report, appended } = aRecorder(clock);
    const threads: { -readonly [Key in keyof WatchedThreads]: WatchedThreads[Key] } = { isFull: true, knownThreads: 8 };
    recorder.watch(threads);
    recorder.begin();
    await clock.advance(3_000);
    threads.isFull = false;
    await clock.advance(3_000);
    const submittedAt = 1_001 * hourMs - 2_000;
    const attempt = {
      ...{ attempt: 1, region: null, captchaId: '1', startedAt: submittedAt, submittedAt, durationMs: 6_000 },
      ...{ submitMs: 5, pollMs: [], pollFaultCount: 0, fault: null, possiblyCharged: false },
    };
    const solution = { text: 'token', fields: {} };
    const about = { taskId: 't', region: null, attempts: [attempt], durationMs: 6_000, possiblyCharged: false };
    const expiresAt = submittedAt + 6_000;
    const outcome = {
      status: 'solved',
      ...about,
      solution,
      captchaId: '1',
      submittedAt,
      solvedAt: submittedAt,
      expiresAt,
    } as const;
    recorder.end(aTask(), outcome, true);
    await recorder.close();
    expect(report()).toMatchObject({
      threads: { threads: 8, saturation: 0.5, workSeconds: 6, meanBusy: 1 },
      total: { threadSeconds: 6, solved: 1, expired: 1, possiblyCharged: 1 },
    });
    const busy = appended.flat().flatMap((record) => ('slots' in record ? [[record.hour, record.slots] as const] : []));
    const busyMs = (hour: number): number =>
      busy
        .filter(([of]) => of === hour)
        .reduce((sum, [, slots]) => sum + Object.values(slots).reduce((ms, slot) => ms + slot.busyMs, 0), 0);
    expect([busyMs(1_000), busyMs(1_001)]).toEqual([2_000, 4_000]);
  });
});
