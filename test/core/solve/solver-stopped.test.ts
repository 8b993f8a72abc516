import { describe, expect, it } from 'vitest';
import { aFault, aTask } from '../../support/builders.ts';
import { notReady, ready } from '../../support/scripted-api.ts';
import { aHarness, solveAll, usualBreaker } from '../../support/solver-harness.ts';

const reset = { latencyMs: 100, fault: aFault() };
const unsolvable = { fault: aFault({ kind: 'unsolvable', code: 'ERROR_CAPTCHA_UNSOLVABLE' }) };

describe('Solver, stopped', () => {
  it('submits nothing where it was stopped before', async () => {
    const harness = aHarness();
    harness.stop.abort();
    const [outcome] = await solveAll(harness, [aTask()]);
    expect(outcome).toMatchObject({ reason: 'cancelled', attempts: [] });
    expect(harness.api.calls).toEqual([]);
  });

  it('ends a backoff at once', async () => {
    const backoff = { strategy: 'fixed', baseDelayMs: 20_000, maxDelayMs: 30_000 } as const;
    const harness = aHarness({ answers: { submits: () => [reset] }, options: { backoff } });
    void harness.clock.sleep(7_000).then(() => harness.stop.abort());
    const [outcome] = await solveAll(harness, [aTask()]);
    expect(outcome).toMatchObject({ reason: 'cancelled', durationMs: 7_000 });
    expect(harness.api.submissions).toHaveLength(1);
  });

  it('ends the wait for the breaker at once', async () => {
    const breaker = { ...usualBreaker, consecutiveFailures: 1, breakDurationMs: 60_000 };
    const harness = aHarness({ breaker, answers: { submits: () => [reset] }, options: { onExhausted: 'wait' } });
    void harness.clock.sleep(40_000).then(() => harness.stop.abort());
    const [outcome] = await solveAll(harness, [aTask()]);
    expect(outcome).toMatchObject({ reason: 'cancelled', durationMs: 40_000 });
  });

  it('lets a submission that is under way finish, and collects what it paid for', async () => {
    const harness = aHarness({ answers: { submits: () => [{ latencyMs: 3_000, answer: 'accepted' }] } });
    void harness.clock.sleep(1_000).then(() => harness.stop.abort());
    const [outcome] = await solveAll(harness, [aTask()]);
    expect(outcome?.status).toBe('solved');
  });

  it('keeps polling what was paid for', async () => {
    const polls = [{ answer: notReady }, reset, { answer: notReady }, { answer: ready }] as const;
    const harness = aHarness({ answers: { polls: () => polls } });
    void harness.clock.sleep(16_000).then(() => harness.stop.abort());
    const [outcome] = await solveAll(harness, [aTask()]);
    expect(outcome?.status).toBe('solved');
    expect(harness.api.polls).toHaveLength(4);
  });

  it('takes no token for a retry that will not be made', async () => {
    const harness = aHarness({ answers: { polls: () => [unsolvable] } });
    void harness.clock.sleep(10_000).then(() => harness.stop.abort());
    const [outcome] = await solveAll(harness, [aTask()]);
    expect(outcome).toMatchObject({ reason: 'cancelled', code: 'ERROR_CAPTCHA_UNSOLVABLE' });
    expect(harness.events.some(({ type }) => type === 'retrying')).toBe(false);
  });
});
