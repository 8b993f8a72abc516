import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/adapters/virtual/virtual-clock.ts';
import { type Bounds, StopRules } from '../../../src/core/batch/stop-rules.ts';
import { noBounds } from '../../support/batch-harness.ts';

function someRules(bounds: Partial<Bounds> = {}) {
  const clock = new VirtualClock();
  const interrupt = new AbortController();
  return { clock, interrupt, rules: new StopRules({ ...noBounds, ...bounds }, interrupt.signal, { clock }) };
}

describe('the stop rules', () => {
  it('let a run without limits continue', async () => {
    const { rules } = someRules();
    expect([rules.mayStart(), await rules.maySubmit('t1'), rules.reason]).toEqual([true, true, null]);
  });

  it('keep the first reason and its message', () => {
    const { rules } = someRules();
    rules.stopFor('account', 'no balance');
    rules.stopFor('interrupted');
    expect([rules.reason, rules.message, rules.stop.aborted]).toEqual(['account', 'no balance', true]);
  });

  it('stop for a signal, also for an earlier one', () => {
    const { rules, interrupt } = someRules();
    interrupt.abort();
    expect(rules.reason).toBe('interrupted');
    const late = new StopRules(noBounds, interrupt.signal, { clock: new VirtualClock() });
    expect([late.reason, late.mayStart()]).toEqual(['interrupted', false]);
  });

  it('start no more tasks than the limit, let started ones continue, and accept a more serious reason', () => {
    const { rules, interrupt } = someRules({ limit: 1 });
    expect(rules.mayStart()).toBe(true);
    rules.recordStart();
    expect([rules.mayStart(), rules.reason, rules.stop.aborted]).toEqual([false, 'limit', false]);
    interrupt.abort();
    expect([rules.reason, rules.stop.aborted]).toEqual(['interrupted', true]);
  });

  it('start no more tasks after the end of the input, let started ones continue, and accept a more serious reason', () => {
    const { rules, interrupt } = someRules();
    expect([rules.hasStarted, rules.mayStart()]).toEqual([false, true]);
    rules.recordStart();
    rules.endInput('input', 'line 5: no');
    expect([rules.hasStarted, rules.mayStart(), rules.stop.aborted]).toEqual([true, false, false]);
    expect([rules.reason, rules.message]).toEqual(['input', 'line 5: no']);
    interrupt.abort();
    expect([rules.reason, rules.stop.aborted]).toEqual(['interrupted', true]);
  });

  it('limit the number of submissions', async () => {
    const { rules } = someRules({ maxSubmissions: 2 });
    for (const key of ['t1', 't2']) {
      expect(await rules.maySubmit(key)).toBe(true);
      rules.recordAnswered(key);
    }
    expect(rules.stop.aborted).toBe(false);
    expect([await rules.maySubmit('t3'), rules.reason, rules.submissionCount]).toEqual([false, 'max-submissions', 2]);
  });

  it('refuse submissions that waited for an answer while the run was stopped', async () => {
    const { rules, interrupt } = someRules({ maxSubmissions: 1 });
    await rules.maySubmit('t1');
    const second = rules.maySubmit('t2');
    interrupt.abort();
    rules.recordUnpaid('t1');
    expect([await second, rules.reason, rules.submissionCount]).toEqual([false, 'interrupted', 0]);
  });

  it('detect that nothing may be started when all submissions are used up', async () => {
    const { rules } = someRules({ maxSubmissions: 1 });
    await rules.maySubmit('t1');
    expect([rules.mayGoOn(), rules.reason]).toEqual([true, null]);
    rules.recordAnswered('t1');
    expect([rules.mayGoOn(), rules.reason]).toEqual([false, 'max-submissions']);
  });

  it('stop at the last tolerated failure', () => {
    const { rules } = someRules({ maxFailures: 2 });
    for (const failed of [true, false, false]) rules.recordFinished(failed);
    expect(rules.reason).toBeNull();
    rules.recordFinished(true);
    expect(rules.reason).toBe('max-failures');
  });

  it('stop in time, even without a caller', async () => {
    const { rules, clock } = someRules({ maxDurationMs: 1_000 });
    await clock.advance(999);
    expect(rules.reason).toBeNull();
    await clock.advance(1);
    expect(rules.reason).toBe('max-duration');
  });

  it('have no reason if the run ends by itself', async () => {
    const { rules, clock } = someRules({ maxDurationMs: 1_000 });
    rules.end();
    await clock.run();
    expect([rules.reason, rules.stop.aborted]).toEqual([null, true]);
  });
});
