import { describe, expect, it } from 'vitest';
import type { SolveOptions } from '../../../src/core/solve/solve-options.ts';
import { describeFault } from '../../../src/domain/fault.ts';
import type { Outcome } from '../../../src/domain/outcome.ts';
import type { RetryBudget } from '../../../src/ports/state.ts';
import { aFault, aTask } from '../../support/builders.ts';
import { notReady, ready } from '../../support/scripted-api.ts';
import { aHarness, type SolverHarness, type SolverHarnessParts, usualBreaker } from '../../support/solver-harness.ts';

const full = describeFault({ kind: 'throttled', message: 'no thread', threadsFull: true });
const unsolvable = aFault({ kind: 'unsolvable', message: 'nobody could' });

async function solved(
  parts: SolverHarnessParts,
  special: Partial<SolveOptions>,
): Promise<{ outcome: Outcome; harness: SolverHarness; steps: string[] }> {
  const harness = aHarness(parts);
  const steps: string[] = [];
  const solveOptions: SolveOptions = {
    steps: {
      intend: (attempt) => void steps.push(`intend ${attempt}`),
      refused: () => void steps.push('refused'),
      submitted: ({ captchaId }) => void steps.push(`submitted ${captchaId}`),
    },
    earlierAttempts: 0,
    accepted: null,
    threads: null,
    ...special,
  };
  const running = harness.solver.solve(aTask(), harness.stop.signal, solveOptions);
  await harness.clock.run();
  return { outcome: await running, harness, steps };
}

describe('an id of an earlier run', () => {
  const accepted = { captchaId: 't1-9', submittedAt: -10_000 };

  it('is polled and not paid for again', async () => {
    const { outcome, harness, steps } = await solved({}, { accepted, earlierAttempts: 2 });
    expect(outcome).toMatchObject({ status: 'solved', captchaId: 't1-9', submittedAt: -10_000 });
    expect(outcome.attempts.map(({ attempt }) => attempt)).toEqual([2]);
    expect([harness.api.submissions, steps]).toEqual([[], []]);
  });

  it('counts from its submission, in the attempt and in the outcome', async () => {
    const { outcome, harness } = await solved({}, { accepted, earlierAttempts: 1 });
    const tookMs = 10_000 + harness.clock.nowMs();
    expect(outcome.durationMs).toBe(tookMs);
    expect(outcome.attempts).toMatchObject([{ startedAt: -10_000, submittedAt: -10_000, durationMs: tookMs }]);
  });

  it('is never held to be solved before its submission, not even by a clock that is behind', async () => {
    const ahead = { captchaId: 't1-9', submittedAt: 60_000 };
    const { outcome } = await solved({}, { accepted: ahead, earlierAttempts: 1 });
    expect(outcome).toMatchObject({ status: 'solved', submittedAt: 60_000, solvedAt: 60_000, expiresAt: 180_000 });
  });

  it('is the last submission of an input that it used up', async () => {
    const parts = { answers: { polls: () => [{ fault: unsolvable }] as const }, singleUse: ['challenge'] };
    const { outcome, harness, steps } = await solved(parts, { accepted, earlierAttempts: 1 });
    expect(outcome).toMatchObject({ status: 'failed', reason: 'unsolvable' });
    expect([harness.api.submissions, steps]).toEqual([[], []]);
  });

  it('is polled at once', async () => {
    const { harness } = await solved({}, { accepted, earlierAttempts: 1 });
    expect(harness.api.polls[0]?.sentMs).toBe(0);
  });

  it.each([
    ['since its submission where it is ready at the first look', [{ answer: ready }], -10_000],
    ['since its submission where no look before was answered', [{ fault: aFault() }, { answer: ready }], -10_000],
    ['since the poll that saw it not to be ready', [{ answer: notReady }, { answer: ready }], 0],
  ] as const)('is held to be solved %s', async (_when, script, solvedAt) => {
    const answers = { polls: () => script };
    const { outcome } = await solved({ answers }, { accepted, earlierAttempts: 1 });
    expect(outcome).toMatchObject({ status: 'solved', solvedAt, expiresAt: solvedAt + 120_000 });
  });

  it('is followed by a submission where the service had given it up, and its attempt counts', async () => {
    const polls = (id: string): [{ fault: typeof unsolvable }] | [{ answer: { ready: false } }] =>
      id === 't1-9' ? [{ fault: unsolvable }] : [{ answer: { ready: false } }];
    const { outcome, steps } = await solved({ answers: { polls } }, { accepted, earlierAttempts: 1 });
    expect(steps).toEqual(['intend 2', 'submitted t1-1']);
    expect(outcome).toMatchObject({ status: 'failed', reason: 'deadline-exceeded', captchaId: 't1-1' });
  });
});

describe('attempts of earlier runs', () => {
  it.each([
    [0, ['intend 1', 'refused', 'intend 2', 'refused', 'intend 3', 'refused']],
    [2, ['intend 3', 'refused']],
    [3, ['intend 4', 'refused']],
  ])('count: after %i of three', async (earlierAttempts, steps) => {
    const answers = { submits: () => [{ fault: aFault() }] as const };
    const { outcome, ...history } = await solved({ answers }, { earlierAttempts });
    expect(history.steps).toEqual(steps);
    expect(outcome).toMatchObject({ reason: 'attempts-exhausted' });
  });
});

describe('a submission of an earlier run whose answer nobody knows', () => {
  const slow = { ratio: null, minRetriesPerSecond: 0, maxRetriesPerSecond: 0.1, burst: 1 };
  const spend = (budget: RetryBudget): RetryBudget => {
    void budget.tryWithdraw({ onExhausted: 'fail', maxWaitMs: 0, taskId: 'another' });
    return budget;
  };

  it('is made again at once, with the budget spent: whoever was killed has not failed', async () => {
    const { outcome, harness } = await solved({ budget: slow, wrapBudget: spend }, { earlierAttempts: 1 });
    expect(outcome.status).toBe('solved');
    expect(harness.api.submissions.map(({ sentMs }) => sentMs)).toEqual([0]);
  });

  it('takes a token for what follows, as after every attempt', async () => {
    const answers = { submits: () => [{ fault: aFault() }] as const };
    const { outcome, harness } = await solved({ answers, budget: slow, wrapBudget: spend }, { earlierAttempts: 1 });
    expect(outcome).toMatchObject({ reason: 'budget-exhausted' });
    expect(harness.api.submissions).toHaveLength(1);
  });
});

describe('the steps of an attempt', () => {
  it('are told in order, a lost answer not as a refusal', async () => {
    const submits = () => [{ fault: aFault({ answerLost: true }) }, { answer: 'accepted' as const }] as const;
    const { steps, outcome } = await solved({ answers: { submits } }, {});
    expect(steps).toEqual(['intend 1', 'intend 2', 'submitted t1-2']);
    expect(outcome.possiblyCharged).toBe(true);
  });

  it('give the pass of the breaker back where whoever is asked says no', async () => {
    const verdicts: string[] = [];
    const no = new Error('no more submissions');
    const harness = aHarness({
      wrapBreaker: (inner) => ({
        tryAcquire: () => inner.tryAcquire(),
        record: (pass, verdict) => {
          verdicts.push(verdict);
          return inner.record(pass, verdict);
        },
      }),
    });
    const steps = { intend: () => Promise.reject(no), refused: () => undefined, submitted: () => undefined };
    const solveOptions = { steps, earlierAttempts: 0, accepted: null, threads: null };
    await expect(harness.solver.solve(aTask(), harness.stop.signal, solveOptions)).rejects.toBe(no);
    expect([verdicts, harness.api.calls]).toEqual([['abandoned'], []]);
  });
});

describe('an answer that every thread is taken', () => {
  const submits = () => [{ fault: full }, { fault: full }, { answer: 'accepted' as const }] as const;

  it('costs neither an attempt nor a token where a thread is waited for', async () => {
    let waits = 0;
    const threads = { enter: async () => true, recordFull: () => void (waits += 1) };
    const { outcome, harness, steps } = await solved({ answers: { submits } }, { threads });
    expect(outcome.attempts.map(({ attempt }) => attempt)).toEqual([1]);
    expect(steps).toEqual(['intend 1', 'refused', 'intend 1', 'refused', 'intend 1', 'submitted t1-3']);
    expect(harness.events.some(({ type }) => type === 'retrying')).toBe(false);
    expect(waits).toBe(2);
  });

  it.each(['fail', 'wait', 'pause'] as const)(
    'is waited out as long as there is time for another attempt, with %s',
    async (onExhausted) => {
      const told: number[] = [];
      const options = { onExhausted, timeoutMs: 20_000 };
      const enter = async (maxMs: number): Promise<boolean> => told.push(maxMs) < 3;
      const { outcome } = await solved(
        { answers: { submits }, options },
        { threads: { enter, recordFull: () => undefined } },
      );
      expect(told).toEqual([20_000, 15_000, 15_000]);
      expect(outcome).toMatchObject({
        status: 'failed',
        reason: 'deadline-exceeded',
        message: 'the deadline passed (no free thread; last answer: no thread)',
        attempts: [],
      });
    },
  );

  it('is heeded for as long as it asks for, though a thread is free before', async () => {
    const asked = { fault: { ...full, retryAfterMs: 60_000 } };
    const answers = { submits: () => [asked, { answer: 'accepted' as const }] as const };
    const { harness } = await solved(
      { answers },
      { threads: { enter: async () => true, recordFull: () => undefined } },
    );
    const [first, second] = harness.api.submissions;
    expect(second!.sentMs - first!.endedMs).toBeGreaterThanOrEqual(60_000);
  });

  it('ends a task that would rather fail than wait', async () => {
    const { outcome } = await solved({ answers: { submits }, options: { onExhausted: 'fail' } }, {});
    expect(outcome).toMatchObject({ reason: 'attempts-exhausted' });
    expect(outcome.attempts).toHaveLength(1);
  });

  it.each(['wait', 'pause'] as const)(
    'is waited out by a task alone in growing intervals, with %s',
    async (onExhausted) => {
      const always = () => [{ fault: full }] as const;
      const options = { onExhausted, timeoutMs: 120_000 };
      const { outcome, harness } = await solved({ answers: { submits: always }, options }, {});
      expect(outcome).toMatchObject({ reason: 'deadline-exceeded', attempts: [] });
      const sentMs = harness.api.submissions.map((submission) => submission.sentMs);
      expect(sentMs.length).toBeGreaterThan(8);
      expect(sentMs.length).toBeLessThan(25);
      // The last try is made while there is time for the solution.
      expect(sentMs.at(-1)).toBeCloseTo(115_000, -1);
    },
  );
});

describe('a run that pauses', () => {
  it.each([
    ['pause', { status: 'solved' }],
    ['wait', { status: 'failed', reason: 'breaker-open' }],
  ] as const)('lets the deadline wait with it: %s', async (onExhausted, outcome) => {
    const submits = () => [{ fault: aFault() }, { fault: aFault() }, { answer: 'accepted' as const }] as const;
    const breaker = { ...usualBreaker, consecutiveFailures: 1, breakDurationMs: 50_000, maxBreakDurationMs: 50_000 };
    const options = { onExhausted, timeoutMs: 40_000 };
    expect((await solved({ answers: { submits }, breaker, options }, {})).outcome).toMatchObject(outcome);
  });
});
