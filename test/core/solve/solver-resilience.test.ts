import { describe, expect, it } from 'vitest';
import type { Task } from '../../../src/domain/task.ts';
import type { Breaker, RetryBudget } from '../../../src/ports/state.ts';
import { aFault, aTask, someTasks } from '../../support/builders.ts';
import type { Script } from '../../support/scripted-api.ts';
import {
  aHarness,
  type SolverHarness,
  solveAll,
  solveOne,
  usualBreaker,
  usualBudget,
  usualTiming,
} from '../../support/solver-harness.ts';

const reset = { latencyMs: 100, fault: aFault() };
const accepted = { latencyMs: 100, answer: 'accepted' as const };
const spent = { ...usualBudget, ratio: 0, minRetriesPerSecond: 0, burst: 1 };

describe('Solver and the retry budget', () => {
  it('takes no token for first attempts', async () => {
    const { outcome } = await solveOne({ budget: spent });
    expect(outcome.status).toBe('solved');
  });

  it('gives up where the budget is spent, with the reason', async () => {
    const { outcome, harness } = await solveOne({ budget: spent, answers: { submits: () => [reset] } });
    expect(outcome).toMatchObject({ reason: 'budget-exhausted', retryInMs: null });
    expect(harness.api.submissions).toHaveLength(2);
    expect(harness.events.at(-2)).toMatchObject({ type: 'budget-refused', retryInMs: null });
  });

  it('does not wait for a token that comes later, unless told to, and says when it comes', async () => {
    const budget = { ...usualBudget, ratio: null, maxRetriesPerSecond: 0.1, burst: 1 };
    const backoff = { strategy: 'none', baseDelayMs: 0, maxDelayMs: 0 } as const;
    const { outcome } = await solveOne({ budget, answers: { submits: () => [reset] }, options: { backoff } });
    expect(outcome).toMatchObject({ reason: 'budget-exhausted', retryInMs: 9_900, durationMs: 200 });
  });

  it('charges the token before the backoff begins, so that what waits has paid', async () => {
    const breaker = { ...usualBreaker, consecutiveFailures: null, failureRatio: null };
    const budget = { ...spent, burst: 3 };
    const harness = aHarness({ budget, breaker, answers: { submits: () => [reset, accepted] } });
    const outcomes = await solveAll(harness, someTasks(10));
    // All ten fail in the same moment: seven are refused then and there, while the three that paid still wait.
    const refused = outcomes.filter((outcome) => outcome.status === 'failed' && outcome.reason === 'budget-exhausted');
    expect(refused.map(({ durationMs }) => durationMs)).toEqual(Array.from({ length: 7 }, () => 100));
    expect(harness.api.submissions).toHaveLength(13);
    expect(harness.api.submissions.slice(10).every(({ sentMs }) => sentMs > 100)).toBe(true);
  });

  it('waits for a reserved token where that is wanted', async () => {
    const budget = { ...usualBudget, ratio: null, maxRetriesPerSecond: 0.1, burst: 1 };
    const { outcome, harness } = await solveOne({
      budget,
      answers: { submits: () => [reset, reset, accepted] },
      options: { onExhausted: 'wait', backoff: { strategy: 'none', baseDelayMs: 0, maxDelayMs: 0 } },
    });
    expect(outcome.status).toBe('solved');
    expect(harness.api.submissions.map(({ sentMs }) => sentMs)).toEqual([0, 100, 10_100]);
  });
});

describe('Solver and the breaker', () => {
  const impatient = { ...usualBreaker, consecutiveFailures: 1 };

  it('holds back first attempts too, and says when to come back', async () => {
    const harness = aHarness({
      breaker: impatient,
      answers: { submits: ({ taskId }) => [taskId === 't1' ? reset : accepted] },
    });
    await solveAll(harness, [aTask()]);
    const sentBefore = harness.api.submissions.length;
    const [second] = await solveAll(harness, [aTask({ taskId: 't2' })]);
    expect(second).toMatchObject({ reason: 'breaker-open', attempts: [] });
    expect(second?.status === 'failed' && second.retryInMs).toBeGreaterThan(0);
    expect(harness.api.submissions).toHaveLength(sentBefore);
  });

  it('sends one probe after the break however many wait, and the others when it succeeded', async () => {
    const slow = { latencyMs: 2_000, answer: 'accepted' as const };
    const submits = ({ taskId }: Task): Script<'accepted'> => (taskId === 't1' ? [reset, slow] : [slow]);
    const harness = aHarness({ breaker: impatient, answers: { submits }, options: { onExhausted: 'wait' } });
    const [first, ...others] = someTasks(20);
    const opening = harness.solver.solve(first!, harness.stop.signal);
    const waiting = harness.clock
      .sleep(200)
      .then(() => others.map((task) => harness.solver.solve(task, harness.stop.signal)));
    await harness.clock.run();
    const outcomes = await Promise.all([opening, ...(await waiting)]);
    expect(outcomes.every(({ status }) => status === 'solved')).toBe(true);
    const [opener, probe, ...rest] = harness.api.submissions;
    expect(probe!.sentMs).toBeGreaterThanOrEqual(opener!.endedMs + impatient.breakDurationMs);
    expect(rest).toHaveLength(19);
    expect(rest.every(({ sentMs }) => sentMs >= probe!.endedMs)).toBe(true);
  });

  it.each([10_000, 57_000, 59_000])('submits nothing that cannot be polled: a token after %i ms', async (waitMs) => {
    const patient = (): RetryBudget => ({
      deposit: () => undefined,
      tryWithdraw: ({ maxWaitMs }) =>
        waitMs <= maxWaitMs ? { granted: true, waitMs, balance: -1 } : { granted: false, retryInMs: waitMs },
    });
    const { harness } = await solveOne({
      wrapBudget: patient,
      options: { timeoutMs: 60_000, onExhausted: 'wait' },
      answers: { submits: () => [{ fault: aFault() }, { answer: 'accepted' }] },
    });
    const latest = harness.api.submissions.at(-1)!;
    expect(latest.sentMs + usualTiming.intervalMs).toBeLessThanOrEqual(60_000);
    expect(harness.api.submissions).toHaveLength(waitMs < 55_000 ? 2 : 1);
  });

  it('does not open where every thread is busy', async () => {
    const full = { fault: aFault({ kind: 'throttled', threadsFull: true }) };
    const harness = aHarness({ breaker: impatient, answers: { submits: () => [full] } });
    const outcomes = await solveAll(harness, someTasks(5));
    expect(harness.events.some(({ type }) => type === 'breaker-refused')).toBe(false);
    expect(outcomes.every((outcome) => outcome.status === 'failed' && outcome.reason === 'attempts-exhausted')).toBe(
      true,
    );
  });

  it.each(['fail', 'wait'] as const)(
    'waits for what is to be known soon until the deadline and no longer: %s',
    async (onExhausted) => {
      const undecided = (): Breaker => ({
        tryAcquire: () => ({ admitted: false, retryInMs: 40, soon: true }),
        record: () => undefined,
      });
      const { outcome } = await solveOne({ wrapBreaker: undecided, options: { timeoutMs: 100, onExhausted } });
      expect(outcome).toMatchObject({ reason: 'deadline-exceeded', durationMs: 100 });
    },
  );

  it('keeps the last attempt of a task that pauses until the others know that the service is down', async () => {
    // Alone it would have used up its three attempts in six seconds.
    const submits = (): Script<'accepted'> => [harness.clock.nowMs() < 25_000 ? reset : accepted];
    const harness: SolverHarness = aHarness({ answers: { submits }, options: { onExhausted: 'pause' } });
    const [first, ...others] = someTasks(4);
    const opening = harness.solver.solve(first!, harness.stop.signal);
    const later = harness.clock
      .sleep(7_000)
      .then(() => others.map((task) => harness.solver.solve(task, harness.stop.signal)));
    await harness.clock.run();
    const outcomes = await Promise.all([opening, ...(await later)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['solved', 'solved', 'solved', 'solved']);
  });

  it('submits nothing where the answer of a slow breaker comes after the deadline, and gives the pass back', async () => {
    const verdicts: string[] = [];
    const slow = (breaker: Breaker, clock: SolverHarness['clock']): Breaker => ({
      tryAcquire: async () => {
        await clock.sleep(2_000);
        return breaker.tryAcquire();
      },
      record: (pass, verdict) => {
        verdicts.push(verdict);
        return breaker.record(pass, verdict);
      },
    });
    const { outcome, harness } = await solveOne({ wrapBreaker: slow, options: { timeoutMs: 1_000 } });
    expect(outcome).toMatchObject({ reason: 'deadline-exceeded', attempts: [] });
    expect(harness.api.calls).toEqual([]);
    expect(verdicts).toEqual(['abandoned']);
  });
});
