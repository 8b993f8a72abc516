import { describe, expect, it } from 'vitest';
import type { RetryBudget } from '../../../src/ports/state.ts';
import { aFault, aTask, someTasks } from '../../support/builders.ts';
import { notReady, ready } from '../../support/scripted-api.ts';
import { aHarness, solveAll, solveOne } from '../../support/solver-harness.ts';

const reset = { latencyMs: 100, fault: aFault() };
const accepted = { latencyMs: 100, answer: 'accepted' as const };
const unsolvable = { fault: aFault({ kind: 'unsolvable', code: 'ERROR_CAPTCHA_UNSOLVABLE' }) };

describe('Solver', () => {
  it('solves at the first attempt', async () => {
    const { outcome, harness } = await solveOne({});
    expect(outcome).toMatchObject({ status: 'solved', captchaId: 't1-1', possiblyCharged: false });
    expect(outcome.attempts).toHaveLength(1);
    expect(harness.events.at(-1)).toMatchObject({ type: 'solved', attempt: 1 });
  });

  it('submits again after a fault, and remembers it', async () => {
    const { outcome, harness } = await solveOne({ answers: { submits: () => [reset, accepted] } });
    expect(outcome).toMatchObject({ status: 'solved', captchaId: 't1-2' });
    expect(outcome.attempts.map(({ attempt, fault }) => [attempt, fault?.kind ?? null])).toEqual([
      [1, 'transport'],
      [2, null],
    ]);
    expect(harness.events.map(({ type }) => type)).toEqual([
      'submitting',
      'attempt-failed',
      'retrying',
      'submitting',
      'submitted',
      'polling',
      'not-ready',
      'solved',
    ]);
  });

  it('is done after maxAttempts, the first included', async () => {
    const { outcome, harness } = await solveOne({ answers: { submits: () => [reset] } });
    expect(outcome).toMatchObject({ status: 'failed', reason: 'attempts-exhausted' });
    expect(harness.api.submissions).toHaveLength(3);
    expect(harness.events.at(-1)).toMatchObject({ type: 'gave-up', reason: 'attempts-exhausted', attempt: 3 });
  });

  it('pays for an unsolvable CAPTCHA three times at most', async () => {
    const limits = { maxAttempts: 10, maxUnsolvable: 3 };
    const { outcome, harness } = await solveOne({ answers: { polls: () => [unsolvable] }, options: { limits } });
    expect(outcome).toMatchObject({ reason: 'unsolvable', code: 'ERROR_CAPTCHA_UNSOLVABLE', captchaId: null });
    expect(harness.api.submissions).toHaveLength(3);
  });

  it('pays once where the accepted submission has used up an input, and asks for a fresh one', async () => {
    const answers = { polls: () => [{ fault: aFault({ kind: 'unsolvable', message: 'nobody could.' }) }] as const };
    const { outcome, harness } = await solveOne({ answers, singleUse: ['challenge'] });
    expect(harness.api.submissions).toHaveLength(1);
    expect(outcome).toMatchObject({
      reason: 'unsolvable',
      message:
        'the CAPTCHA could not be solved: nobody could. challenge is used up by one submission, so the task is not submitted again: fetch a fresh one from the page.',
    });
  });

  it('submits an input that serves once again, as long as no submission was accepted', async () => {
    const submits = () => [{ fault: aFault({ kind: 'timeout', answerLost: true }) }, { answer: 'accepted' }] as const;
    const { outcome, harness } = await solveOne({ answers: { submits }, singleUse: ['challenge'] });
    expect(harness.api.submissions).toHaveLength(2);
    expect(outcome).toMatchObject({ status: 'solved', possiblyCharged: true });
  });

  it('says possiblyCharged where an answer was lost, though it was solved in the end', async () => {
    const lost = { latencyMs: 100, fault: aFault({ kind: 'timeout', answerLost: true }) };
    const { outcome } = await solveOne({ answers: { submits: () => [lost, accepted] } });
    expect(outcome).toMatchObject({ status: 'solved', possiblyCharged: true });
    expect(outcome.attempts.map(({ possiblyCharged }) => possiblyCharged)).toEqual([true, false]);
  });

  it('leaves an id that ran out of time, and does not pay again', async () => {
    const { outcome, harness } = await solveOne({ answers: { polls: () => [{ answer: notReady }] } });
    expect(outcome).toMatchObject({ reason: 'deadline-exceeded', captchaId: 't1-1', submittedAt: 0 });
    expect(harness.api.submissions).toHaveLength(1);
    expect(outcome.durationMs).toBeLessThanOrEqual(300_000);
  });

  it('has one deadline across attempts, waits and polls', async () => {
    const answers = { submits: () => [accepted] as const, polls: () => [{ answer: notReady }, unsolvable] as const };
    const limits = { maxAttempts: 100, maxUnsolvable: 100 };
    const { outcome, harness } = await solveOne({ answers, options: { limits, timeoutMs: 60_000 } });
    expect(outcome).toMatchObject({ reason: 'deadline-exceeded' });
    expect(harness.api.submissions.length).toBeGreaterThan(1);
    for (const { sentMs, timeLeftMs } of harness.api.calls) expect(sentMs + timeLeftMs).toBeCloseTo(60_000, 6);
    expect(harness.clock.nowMs()).toBeLessThanOrEqual(60_000);
  });

  it('fails at once where the service asks to come back after the deadline, and says when', async () => {
    const banned = { fault: aFault({ kind: 'throttled', code: 'ERROR: 1001', retryAfterMs: 600_000 }) };
    const { outcome, harness } = await solveOne({ answers: { submits: () => [banned] } });
    expect(outcome).toMatchObject({ reason: 'deadline-exceeded', code: 'ERROR: 1001', durationMs: 0 });
    expect(outcome.status === 'failed' && outcome.retryInMs).toBeGreaterThanOrEqual(600_000);
    expect(harness.api.submissions).toHaveLength(1);
  });

  it('waits as long as the service asks, and a little more', async () => {
    const full = { fault: aFault({ kind: 'throttled', retryAfterMs: 40_000 }) };
    const { harness } = await solveOne({ answers: { submits: () => [full, accepted] } });
    const [, second] = harness.api.submissions;
    expect(second?.sentMs).toBeGreaterThan(40_000);
    expect(second?.sentMs).toBeLessThan(45_000);
  });

  it('lets a bug through', async () => {
    const broken: RetryBudget = { deposit: () => undefined, tryWithdraw: () => Promise.reject(new TypeError('a bug')) };
    const harness = aHarness({ wrapBudget: () => broken, answers: { submits: () => [reset] } });
    const solving = harness.solver.solve(aTask(), harness.stop.signal);
    await Promise.all([expect(solving).rejects.toThrow(TypeError), harness.clock.run()]);
  });
});

describe('Solver, repeated', () => {
  it('makes the same calls at the same times from the same seed, and others from another', async () => {
    const answers = {
      submits: () => [reset, accepted] as const,
      polls: () => [{ answer: notReady }, reset, { answer: ready }] as const,
    };
    const callsOf = async (seed: number): Promise<unknown> => {
      const harness = aHarness({ answers, seed, options: { onExhausted: 'wait' } });
      await solveAll(harness, someTasks(30));
      return harness.api.calls;
    };
    expect(await callsOf(1)).toEqual(await callsOf(1));
    expect(await callsOf(1)).not.toEqual(await callsOf(2));
  });
});
