import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/adapters/virtual/virtual-clock.ts';
import { type Bounds, StopRules } from '../../../src/core/batch/stop-rules.ts';
import { noBounds } from '../../support/batch-rig.ts';

function someRules(bounds: Partial<Bounds> = {}) {
  const clock = new VirtualClock();
  const interrupt = new AbortController();
  return { clock, interrupt, rules: new StopRules({ ...noBounds, ...bounds }, interrupt.signal, { clock }) };
}

describe('the stop rules', () => {
  it('let a run without bounds go on', () => {
    const { rules } = someRules();
    expect([rules.mayStart(), rules.maySubmit(), rules.reason]).toEqual([true, true, null]);
  });

  it('keep the first reason and its message', () => {
    const { rules } = someRules();
    rules.stopFor('account', 'no balance');
    rules.stopFor('interrupted');
    expect([rules.reason, rules.message, rules.stop.aborted]).toEqual(['account', 'no balance', true]);
  });

  it('stop for a signal, also for one that came before', () => {
    const { rules, interrupt } = someRules();
    interrupt.abort();
    expect(rules.reason).toBe('interrupted');
    const late = new StopRules(noBounds, interrupt.signal, { clock: new VirtualClock() });
    expect([late.reason, late.mayStart()]).toEqual(['interrupted', false]);
  });

  it('begin no more than the limit, let what was begun go on, and give way to a graver reason', () => {
    const { rules, interrupt } = someRules({ limit: 1 });
    expect(rules.mayStart()).toBe(true);
    rules.recordStart();
    expect([rules.mayStart(), rules.reason, rules.stop.aborted]).toEqual([false, 'limit', false]);
    interrupt.abort();
    expect([rules.reason, rules.stop.aborted]).toEqual(['interrupted', true]);
  });

  it('count submissions up to their number', () => {
    const { rules } = someRules({ maxSubmissions: 2 });
    expect([rules.maySubmit(), rules.maySubmit(), rules.stop.aborted]).toEqual([true, true, false]);
    expect([rules.maySubmit(), rules.reason]).toEqual([false, 'max-submissions']);
  });

  it('stop with the last failure that is tolerated', () => {
    const { rules } = someRules({ maxFailures: 2 });
    for (const failed of [true, false, false]) rules.recordFinished(failed);
    expect(rules.reason).toBeNull();
    rules.recordFinished(true);
    expect(rules.reason).toBe('max-failures');
  });

  it('stop in time, though nobody asks', async () => {
    const { rules, clock } = someRules({ maxDurationMs: 1_000 });
    await clock.advance(999);
    expect(rules.reason).toBeNull();
    await clock.advance(1);
    expect(rules.reason).toBe('max-duration');
  });

  it('know no reason where the run ends by itself', async () => {
    const { rules, clock } = someRules({ maxDurationMs: 1_000 });
    rules.end();
    await clock.run();
    expect([rules.reason, rules.stop.aborted]).toEqual([null, true]);
  });
});
