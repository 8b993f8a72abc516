import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { slotsPerWindow, SubmissionRules } from '../../../src/core/resilience/submission-rules.ts';
import type { SubmissionLimit, Submitter } from '../../../src/ports/submissions.ts';

const hourMs = 3_600_000;
const perHour = (count: number, label: string | null = null): SubmissionLimit => ({ label, count, windowMs: hourMs });

function rulesWith(...limits: SubmissionLimit[]): SubmissionRules {
  const rules = new SubmissionRules();
  rules.apply({ type: 'limits', since: 2, limits }, 0);
  return rules;
}

function submit(rules: SubmissionRules, atMs: number, label: string | null = null): boolean {
  return rules.apply({ type: 'submit', since: 2, label, task: 't' }, atMs)?.counted === true;
}

const someSteps = fc.array(
  fc.record({
    afterMs: fc.oneof(fc.constant(0), fc.nat(2_000), fc.nat(120_000)),
    label: fc.constantFrom(null, 'nightly', 'other'),
    isGivenBack: fc.constantFrom(false, false, false, true),
    isRestored: fc.constantFrom(false, false, true),
  }),
  { maxLength: 200 },
);

/** The largest number of these moments in any time of `windowMs`. */
function mostWithin(moments: readonly number[], windowMs: number): number {
  return Math.max(0, ...moments.map((from) => moments.filter((at) => at >= from && at < from + windowMs).length));
}

describe('limits of submissions', () => {
  it('allow never more than the count in any window, and use all of it', () => {
    const minute = { label: null, count: 7, windowMs: 60_000 };
    const nightly = { label: 'nightly', count: 3, windowMs: 120_000 };
    fc.assert(
      fc.property(someSteps, (steps) => {
        let rules = rulesWith(minute, nightly);
        const sent: { atMs: number; label: string | null }[] = [];
        let nowMs = 0;
        for (const { afterMs, label, isGivenBack, isRestored } of steps) {
          nowMs += afterMs;
          if (isRestored) {
            const before = JSON.parse(JSON.stringify(rules.snapshot())) as ReturnType<SubmissionRules['snapshot']>;
            rules = new SubmissionRules();
            rules.restore(before);
          }
          const lately = sent.filter(({ atMs }) => atMs > nowMs - (1 + 1 / slotsPerWindow) * 60_000).length;
          const isAllowed = submit(rules, nowMs, label);
          if (label !== 'nightly' && lately < minute.count) expect(isAllowed).toBe(true);
          if (isAllowed && isGivenBack) rules.apply({ type: 'unsubmit', since: 2, label, atMs: nowMs }, nowMs);
          else if (isAllowed) sent.push({ atMs: nowMs, label });
        }
        const momentsOf = (label: string | null): number[] =>
          sent.filter((each) => label === null || each.label === label).map(({ atMs }) => atMs);
        expect(mostWithin(momentsOf(null), minute.windowMs)).toBeLessThanOrEqual(minute.count);
        expect(mostWithin(momentsOf('nightly'), nightly.windowMs)).toBeLessThanOrEqual(nightly.count);
      }),
    );
  });

  it('say when there is room, and then there is', () => {
    const rules = rulesWith(perHour(2));
    expect([submit(rules, 1_000), submit(rules, 2_000), submit(rules, 3_000)]).toEqual([true, true, false]);
    const refusal = rules.refusal({ label: null }, 3_000);
    expect(refusal).toMatchObject({ reason: 'limit-reached', limit: perHour(2) });
    const roomMs = 3_000 + (refusal?.retryInMs ?? 0);
    expect(roomMs).toBeGreaterThanOrEqual(1_000 + hourMs);
    expect(roomMs).toBeLessThanOrEqual(1_000 + hourMs + hourMs / slotsPerWindow);
    expect([submit(rules, roomMs - 1), submit(rules, roomMs)]).toEqual([false, true]);
  });

  it('of a label bind its submissions only, those of all bind every label', () => {
    const rules = rulesWith(perHour(3), perHour(1, 'nightly'));
    expect([submit(rules, 0, 'nightly'), submit(rules, 0, 'nightly')]).toEqual([true, false]);
    expect([submit(rules, 0), submit(rules, 0, 'other'), submit(rules, 0)]).toEqual([true, true, false]);
  });

  it('of several processes: the lower one applies, until a reset replaces it without forgetting what was sent', () => {
    const rules = rulesWith(perHour(3));
    expect(rules.covers([perHour(5)])).toBe(true);
    expect(rules.isStricterThan([perHour(5)], { label: null })).toBe(true);
    expect(rules.isStricterThan([perHour(3)], { label: null })).toBe(false);
    rules.apply({ type: 'limits', since: 2, limits: [perHour(2)] }, 0);
    expect([submit(rules, 0), submit(rules, 0), submit(rules, 0)]).toEqual([true, true, false]);
    rules.replace([perHour(3)]);
    expect([submit(rules, 0), submit(rules, 0)]).toEqual([true, false]);
    rules.replace([]);
    expect([rules.limits({ label: null }), submit(rules, 0)]).toEqual([false, true]);
  });

  it('of a found file bind and count only the submissions of processes that found the same limits', () => {
    const found = { ...perHour(1), from: '/project/captcha.config.json', found: 'f1' };
    const rules = rulesWith(perHour(4), found);
    const submitAs = (who: Submitter): boolean =>
      rules.apply({ type: 'submit', since: 2, ...who, task: 't' }, 0)?.counted === true;
    expect([submitAs({ label: null, found: 'f1' }), submitAs({ label: null, found: 'f1' })]).toEqual([true, false]);
    expect(rules.refusal({ label: null, found: 'f1' }, 0)).toMatchObject({ limit: found });
    expect([submit(rules, 0), submitAs({ label: null, found: 'f2' })]).toEqual([true, true]);
    expect(rules.uses(0)).toMatchObject([{ used: 3 }, { used: 1, from: '/project/captcha.config.json' }]);
    expect(rules.isStricterThan([perHour(4)], { label: null })).toBe(false);
  });

  it('of a found file are dropped once nothing counts against them and other limits come', () => {
    const found = { ...perHour(1), found: 'f1' };
    const rules = rulesWith(found);
    rules.apply({ type: 'submit', since: 2, label: null, found: 'f1', task: 't' }, 0);
    rules.apply({ type: 'limits', since: 2, limits: [perHour(4)] }, hourMs - 1);
    expect(rules.uses(hourMs - 1)).toHaveLength(2);
    rules.apply({ type: 'limits', since: 2, limits: [perHour(4)] }, hourMs);
    expect(rules.uses(hourMs)).toHaveLength(1);
  });

  it('are known to be forgotten when a process of an earlier version wrote the state', () => {
    const rules = rulesWith(perHour(3));
    rules.restore(undefined);
    expect([rules.isForgotten, rules.limits({ label: null })]).toEqual([true, false]);
    rules.apply({ type: 'limits', since: 2, limits: [perHour(3)] }, 0);
    expect(rules.isForgotten).toBe(false);
  });
});

describe('a hold', () => {
  const hold = { type: 'hold', since: 2, by: 'ada on web-1', why: 'deploy' } as const;

  it('refuses every submission until it is released, without counting it', () => {
    const rules = rulesWith(perHour(1));
    rules.apply({ ...hold, forMs: null }, 0);
    expect(rules.refusal({ label: 'nightly' }, 5_000)).toEqual({
      reason: 'held',
      hold: { by: 'ada on web-1', why: 'deploy', heldMs: 5_000, leftMs: null },
      retryInMs: null,
    });
    expect(submit(rules, 5_000)).toBe(false);
    rules.apply({ type: 'release', since: 2, by: 'bob on web-2' }, 6_000);
    expect([rules.holdAt(6_000), submit(rules, 6_000)]).toEqual([null, true]);
  });

  it('ends by itself after its time', () => {
    const rules = new SubmissionRules();
    rules.apply({ ...hold, forMs: 1_000 }, 0);
    expect([rules.holdAt(999)?.leftMs, rules.holdAt(1_000)]).toEqual([1, null]);
  });
});
