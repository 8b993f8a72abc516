import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../src/domain/outcome.ts';
import type { Task } from '../../../src/domain/task.ts';
import type { Breaker } from '../../../src/ports/breaker.ts';
import type { RetryBudget } from '../../../src/ports/retry-budget.ts';
import { aFault, aTask } from '../../support/builders.ts';
import { notReady, ready, type Script } from '../../support/scripted-api.ts';
import { aRig, type Rig, type RigParts, usualBreaker, usualBudget } from '../../support/solver-rig.ts';

/** Lets the tasks run to their end. */
async function solveAll(rig: Rig, tasks: readonly Task[]): Promise<Outcome[]> {
  const outcomes = Promise.all(tasks.map((task) => rig.solver.solve(task, rig.stop.signal)));
  await rig.clock.run();
  return outcomes;
}

async function solveOne(parts: RigParts): Promise<{ outcome: Outcome; rig: Rig }> {
  const rig = aRig(parts);
  const [outcome] = await solveAll(rig, [aTask()]);
  return { outcome: outcome!, rig };
}

const reset = { latencyMs: 100, fault: aFault() };
const accepted = { latencyMs: 100, answer: 'accepted' as const };
const unsolvable = { fault: aFault({ kind: 'unsolvable', code: 'ERROR_CAPTCHA_UNSOLVABLE' }) };
const spent = { ...usualBudget, ratio: 0, minRetriesPerSecond: 0, burst: 1 };

const someTasks = (count: number): Task[] =>
  Array.from({ length: count }, (_, index) => aTask({ taskId: `t${index + 1}` }));

describe('Solver', () => {
  it('solves at the first attempt', async () => {
    const { outcome, rig } = await solveOne({});
    expect(outcome).toMatchObject({ status: 'solved', captchaId: 't1-1', possiblyCharged: false });
    expect(outcome.attempts).toHaveLength(1);
    expect(rig.events.at(-1)).toMatchObject({ type: 'solved', attempt: 1 });
  });

  it('submits again after a fault, and remembers it', async () => {
    const { outcome, rig } = await solveOne({ answers: { submits: () => [reset, accepted] } });
    expect(outcome).toMatchObject({ status: 'solved', captchaId: 't1-2' });
    expect(outcome.attempts.map(({ attempt, fault }) => [attempt, fault?.kind ?? null])).toEqual([
      [1, 'transport'],
      [2, null],
    ]);
    expect(rig.events.map(({ type }) => type)).toEqual([
      'submitting',
      'attempt-failed',
      'retrying',
      'submitting',
      'submitted',
      'not-ready',
      'solved',
    ]);
  });

  it('is done after maxAttempts, the first included', async () => {
    const { outcome, rig } = await solveOne({ answers: { submits: () => [reset] } });
    expect(outcome).toMatchObject({ status: 'failed', reason: 'attempts-exhausted' });
    expect(rig.api.submissions).toHaveLength(3);
    expect(rig.events.at(-1)).toMatchObject({ type: 'gave-up', reason: 'attempts-exhausted', attempt: 3 });
  });

  it('pays for an unsolvable CAPTCHA three times at most', async () => {
    const limits = { maxAttempts: 10, maxUnsolvable: 3 };
    const { outcome, rig } = await solveOne({ answers: { polls: () => [unsolvable] }, options: { limits } });
    expect(outcome).toMatchObject({ reason: 'unsolvable', code: 'ERROR_CAPTCHA_UNSOLVABLE', captchaId: null });
    expect(rig.api.submissions).toHaveLength(3);
  });

  it('says possiblyCharged where an answer was lost, though it was solved in the end', async () => {
    const lost = { latencyMs: 100, fault: aFault({ kind: 'timeout', answerLost: true }) };
    const { outcome } = await solveOne({ answers: { submits: () => [lost, accepted] } });
    expect(outcome).toMatchObject({ status: 'solved', possiblyCharged: true });
    expect(outcome.attempts.map(({ possiblyCharged }) => possiblyCharged)).toEqual([true, false]);
  });

  it('leaves an id that ran out of time, and does not pay again', async () => {
    const { outcome, rig } = await solveOne({ answers: { polls: () => [{ answer: notReady }] } });
    expect(outcome).toMatchObject({ reason: 'deadline-exceeded', captchaId: 't1-1', submittedAt: 0 });
    expect(rig.api.submissions).toHaveLength(1);
    expect(outcome.durationMs).toBeLessThanOrEqual(300_000);
  });

  it('has one deadline across attempts, waits and polls', async () => {
    const answers = { submits: () => [accepted] as const, polls: () => [{ answer: notReady }, unsolvable] as const };
    const limits = { maxAttempts: 100, maxUnsolvable: 100 };
    const { outcome, rig } = await solveOne({ answers, options: { limits, timeoutMs: 60_000 } });
    expect(outcome).toMatchObject({ reason: 'deadline-exceeded' });
    expect(rig.api.submissions.length).toBeGreaterThan(1);
    for (const { sentMs, timeLeftMs } of rig.api.calls) expect(sentMs + timeLeftMs).toBeCloseTo(60_000, 6);
    expect(rig.clock.nowMs()).toBeLessThanOrEqual(60_000);
  });

  it('fails at once where the service asks to come back after the deadline, and says when', async () => {
    const banned = { fault: aFault({ kind: 'throttled', code: 'ERROR: 1001', retryAfterMs: 600_000 }) };
    const { outcome, rig } = await solveOne({ answers: { submits: () => [banned] } });
    expect(outcome).toMatchObject({ reason: 'deadline-exceeded', code: 'ERROR: 1001', durationMs: 0 });
    expect(outcome.status === 'failed' && outcome.retryInMs).toBeGreaterThanOrEqual(600_000);
    expect(rig.api.submissions).toHaveLength(1);
  });

  it('waits as long as the service asks, and a little more', async () => {
    const full = { fault: aFault({ kind: 'throttled', retryAfterMs: 40_000 }) };
    const { rig } = await solveOne({ answers: { submits: () => [full, accepted] } });
    const [, second] = rig.api.submissions;
    expect(second?.sentMs).toBeGreaterThan(40_000);
    expect(second?.sentMs).toBeLessThan(45_000);
  });

  it('lets a bug through', async () => {
    const broken: RetryBudget = { deposit: () => undefined, tryWithdraw: () => Promise.reject(new TypeError('a bug')) };
    const rig = aRig({ wrapBudget: () => broken, answers: { submits: () => [reset] } });
    const solving = rig.solver.solve(aTask(), rig.stop.signal);
    await Promise.all([expect(solving).rejects.toThrow(TypeError), rig.clock.run()]);
  });
});

describe('Solver and the retry budget', () => {
  it('takes no token for first attempts', async () => {
    const { outcome } = await solveOne({ budget: spent });
    expect(outcome.status).toBe('solved');
  });

  it('gives up where the budget is spent, with the reason', async () => {
    const { outcome, rig } = await solveOne({ budget: spent, answers: { submits: () => [reset] } });
    expect(outcome).toMatchObject({ reason: 'budget-exhausted', retryInMs: null });
    expect(rig.api.submissions).toHaveLength(2);
    expect(rig.events.at(-2)).toMatchObject({ type: 'budget-refused', retryInMs: null });
  });

  it('charges the token before the backoff begins, so that what waits has paid', async () => {
    const breaker = { ...usualBreaker, consecutiveFailures: null, failureRatio: null };
    const budget = { ...spent, burst: 3 };
    const rig = aRig({ budget, breaker, answers: { submits: () => [reset, accepted] } });
    const outcomes = await solveAll(rig, someTasks(10));
    // All ten fail in the same moment: seven are refused then and there, while the three that paid still wait.
    const refused = outcomes.filter((outcome) => outcome.status === 'failed' && outcome.reason === 'budget-exhausted');
    expect(refused.map(({ durationMs }) => durationMs)).toEqual(Array.from({ length: 7 }, () => 100));
    expect(rig.api.submissions).toHaveLength(13);
    expect(rig.api.submissions.slice(10).every(({ sentMs }) => sentMs > 100)).toBe(true);
  });

  it('waits for a reserved token where that is wanted', async () => {
    const budget = { ...usualBudget, ratio: null, maxRetriesPerSecond: 0.1, burst: 1 };
    const { outcome, rig } = await solveOne({
      budget,
      answers: { submits: () => [reset, reset, accepted] },
      options: { onExhausted: 'wait', backoff: { strategy: 'none', baseDelayMs: 0, maxDelayMs: 0 } },
    });
    expect(outcome.status).toBe('solved');
    expect(rig.api.submissions.map(({ sentMs }) => sentMs)).toEqual([0, 100, 10_100]);
  });
});

describe('Solver and the breaker', () => {
  const impatient = { ...usualBreaker, consecutiveFailures: 1 };

  it('holds back first attempts too, and says when to come back', async () => {
    const rig = aRig({
      breaker: impatient,
      answers: { submits: ({ taskId }) => [taskId === 't1' ? reset : accepted] },
    });
    await solveAll(rig, [aTask()]);
    const sentBefore = rig.api.submissions.length;
    const [second] = await solveAll(rig, [aTask({ taskId: 't2' })]);
    expect(second).toMatchObject({ reason: 'breaker-open', attempts: [] });
    expect(second?.status === 'failed' && second.retryInMs).toBeGreaterThan(0);
    expect(rig.api.submissions).toHaveLength(sentBefore);
  });

  it('sends one probe after the break however many wait, and the others when it succeeded', async () => {
    const slow = { latencyMs: 2_000, answer: 'accepted' as const };
    const submits = ({ taskId }: Task): Script<'accepted'> => (taskId === 't1' ? [reset, slow] : [slow]);
    const rig = aRig({ breaker: impatient, answers: { submits }, options: { onExhausted: 'wait' } });
    const [first, ...others] = someTasks(20);
    const opening = rig.solver.solve(first!, rig.stop.signal);
    const waiting = rig.clock.sleep(200).then(() => others.map((task) => rig.solver.solve(task, rig.stop.signal)));
    await rig.clock.run();
    const outcomes = await Promise.all([opening, ...(await waiting)]);
    expect(outcomes.every(({ status }) => status === 'solved')).toBe(true);
    const [opener, probe, ...rest] = rig.api.submissions;
    expect(probe!.sentMs).toBeGreaterThanOrEqual(opener!.endedMs + impatient.breakDurationMs);
    expect(rest).toHaveLength(19);
    expect(rest.every(({ sentMs }) => sentMs >= probe!.endedMs)).toBe(true);
  });

  it('does not open for a full house', async () => {
    const full = { fault: aFault({ kind: 'throttled', threadsFull: true }) };
    const rig = aRig({ breaker: impatient, answers: { submits: () => [full] } });
    const outcomes = await solveAll(rig, someTasks(5));
    expect(rig.events.some(({ type }) => type === 'breaker-refused')).toBe(false);
    expect(outcomes.every((outcome) => outcome.status === 'failed' && outcome.reason === 'attempts-exhausted')).toBe(
      true,
    );
  });

  it('submits nothing where the answer of a slow breaker comes after the deadline, and gives the pass back', async () => {
    const verdicts: string[] = [];
    const slow = (breaker: Breaker, clock: Rig['clock']): Breaker => ({
      tryEnter: async () => {
        await clock.sleep(2_000);
        return breaker.tryEnter();
      },
      record: (pass, verdict) => {
        verdicts.push(verdict);
        return breaker.record(pass, verdict);
      },
    });
    const { outcome, rig } = await solveOne({ wrapBreaker: slow, options: { timeoutMs: 1_000 } });
    expect(outcome).toMatchObject({ reason: 'deadline-exceeded', attempts: [] });
    expect(rig.api.calls).toEqual([]);
    expect(verdicts).toEqual(['abandoned']);
  });
});

describe('Solver, stopped', () => {
  it('submits nothing where it was stopped before', async () => {
    const rig = aRig();
    rig.stop.abort();
    const [outcome] = await solveAll(rig, [aTask()]);
    expect(outcome).toMatchObject({ reason: 'cancelled', attempts: [] });
    expect(rig.api.calls).toEqual([]);
  });

  it('ends a backoff at once', async () => {
    const backoff = { strategy: 'fixed', baseDelayMs: 20_000, maxDelayMs: 30_000 } as const;
    const rig = aRig({ answers: { submits: () => [reset] }, options: { backoff } });
    void rig.clock.sleep(7_000).then(() => rig.stop.abort());
    const [outcome] = await solveAll(rig, [aTask()]);
    expect(outcome).toMatchObject({ reason: 'cancelled', durationMs: 7_000 });
    expect(rig.api.submissions).toHaveLength(1);
  });

  it('ends the wait for the breaker at once', async () => {
    const breaker = { ...usualBreaker, consecutiveFailures: 1, breakDurationMs: 60_000 };
    const rig = aRig({ breaker, answers: { submits: () => [reset] }, options: { onExhausted: 'wait' } });
    void rig.clock.sleep(40_000).then(() => rig.stop.abort());
    const [outcome] = await solveAll(rig, [aTask()]);
    expect(outcome).toMatchObject({ reason: 'cancelled', durationMs: 40_000 });
  });

  it('lets a submission that is under way finish, and collects what it paid for', async () => {
    const rig = aRig({ answers: { submits: () => [{ latencyMs: 3_000, answer: 'accepted' }] } });
    void rig.clock.sleep(1_000).then(() => rig.stop.abort());
    const [outcome] = await solveAll(rig, [aTask()]);
    expect(outcome?.status).toBe('solved');
  });

  it('keeps polling what was paid for', async () => {
    const polls = [{ answer: notReady }, reset, { answer: notReady }, { answer: ready }] as const;
    const rig = aRig({ answers: { polls: () => polls } });
    void rig.clock.sleep(16_000).then(() => rig.stop.abort());
    const [outcome] = await solveAll(rig, [aTask()]);
    expect(outcome?.status).toBe('solved');
    expect(rig.api.polls).toHaveLength(4);
  });

  it('takes no token for a retry that will not be made', async () => {
    const rig = aRig({ answers: { polls: () => [unsolvable] } });
    void rig.clock.sleep(10_000).then(() => rig.stop.abort());
    const [outcome] = await solveAll(rig, [aTask()]);
    expect(outcome).toMatchObject({ reason: 'cancelled', code: 'ERROR_CAPTCHA_UNSOLVABLE' });
    expect(rig.events.some(({ type }) => type === 'retrying')).toBe(false);
  });
});

describe('Solver, repeated', () => {
  it('makes the same calls at the same times from the same seed, and others from another', async () => {
    const answers = {
      submits: () => [reset, accepted] as const,
      polls: () => [{ answer: notReady }, reset, { answer: ready }] as const,
    };
    const callsOf = async (seed: number): Promise<unknown> => {
      const rig = aRig({ answers, seed, options: { onExhausted: 'wait' } });
      await solveAll(rig, someTasks(30));
      return rig.api.calls;
    };
    expect(await callsOf(1)).toEqual(await callsOf(1));
    expect(await callsOf(1)).not.toEqual(await callsOf(2));
  });
});
