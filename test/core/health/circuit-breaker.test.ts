import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BreakerOptions, CircuitBreaker } from '../../../src/core/health/circuit-breaker.ts';
import type { Admission, Pass, Verdict } from '../../../src/ports/breaker.ts';

const options: BreakerOptions = {
  failureRatio: null,
  minimumThroughput: 10,
  consecutiveFailures: 3,
  samplingDurationMs: 30_000,
  breakDurationMs: 5_000,
  maxBreakDurationMs: 60_000,
  probeLeaseMs: 20_000,
};

const at = (nowMs: number, jitter = 0): { nowMs: number; jitter: number } => ({ nowMs, jitter });

function passAt(breaker: CircuitBreaker, nowMs: number): Pass {
  const admission = breaker.tryEnter(nowMs);
  if (!admission.admitted) throw new Error(`not admitted at ${nowMs}`);
  return admission.pass;
}

function passesAt(breaker: CircuitBreaker, nowMs: number, count: number): Pass[] {
  return Array.from({ length: count }, () => passAt(breaker, nowMs));
}

/** Opened at 0 by three failures; `late` are passes of before that are still out. */
function opened(special: Partial<BreakerOptions> = {}): { breaker: CircuitBreaker; late: Pass[] } {
  const breaker = new CircuitBreaker({ ...options, ...special });
  const late = passesAt(breaker, 0, 5);
  for (const pass of passesAt(breaker, 0, 3)) breaker.record(pass, 'failure', at(0));
  return { breaker, late };
}

function recordAll(breaker: CircuitBreaker, verdicts: readonly Verdict[], nowMs = 0): void {
  for (const verdict of verdicts) breaker.record(passAt(breaker, nowMs), verdict, at(nowMs));
}

const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);
const isProbe = (admission: Admission): boolean => admission.admitted && admission.pass.probe;

describe('CircuitBreaker, closed', () => {
  it('admits everybody', () => {
    const breaker = new CircuitBreaker(options);
    expect(passesAt(breaker, 0, 100).some(({ probe }) => probe)).toBe(false);
    expect(breaker.state).toBe('closed');
  });

  it.each<[string, Verdict[], string]>([
    ['two failures in a row', times(2, 'failure'), 'closed'],
    ['three failures in a row', times(3, 'failure'), 'open'],
    ['three failures with a success between', ['failure', 'failure', 'success', 'failure'], 'closed'],
    ['a hundred busy answers', times(100, 'busy'), 'closed'],
    ['a hundred abandoned submissions', times(100, 'abandoned'), 'closed'],
  ])('with a limit of three in a row is after %s %s', (_what, verdicts, state) => {
    const breaker = new CircuitBreaker(options);
    recordAll(breaker, verdicts);
    expect(breaker.state).toBe(state);
  });

  it.each<[number, number, number, string]>([
    [0.5, 4, 5, 'closed'],
    [0.5, 5, 5, 'open'],
    [0.5, 4, 4, 'closed'],
    [0.55, 54, 46, 'closed'],
    [0.55, 55, 45, 'open'],
    [0.07, 7, 93, 'open'],
    [0.29, 29, 71, 'open'],
    [1, 9, 1, 'closed'],
    [1, 10, 0, 'open'],
  ])(
    'with a limit of %d and ten outcomes is after %d failures among %d others %s',
    (ratio, failures, others, state) => {
      const breaker = new CircuitBreaker({ ...options, consecutiveFailures: null, failureRatio: ratio });
      recordAll(breaker, [...times<Verdict>(others, 'success'), ...times<Verdict>(failures - 1, 'failure')]);
      expect(breaker.state).toBe('closed');
      recordAll(breaker, ['failure']);
      expect(breaker.state).toBe(state);
    },
  );

  it('does not count busy answers as outcomes', () => {
    const breaker = new CircuitBreaker({ ...options, consecutiveFailures: null, failureRatio: 0.5 });
    recordAll(breaker, [...times<Verdict>(50, 'busy'), ...times<Verdict>(9, 'failure')]);
    expect(breaker.state).toBe('closed');
    recordAll(breaker, ['failure']);
    expect(breaker.state).toBe('open');
  });

  it('forgets outcomes that the window has left behind', () => {
    const breaker = new CircuitBreaker({ ...options, consecutiveFailures: null, failureRatio: 0.5 });
    recordAll(breaker, times(9, 'failure'));
    recordAll(breaker, ['failure'], 30_000);
    expect(breaker.state).toBe('closed');
  });

  it('stays closed where both rules are switched off', () => {
    const breaker = new CircuitBreaker({ ...options, consecutiveFailures: null });
    recordAll(breaker, times(1_000, 'failure'));
    expect(breaker.state).toBe('closed');
  });
});

describe('CircuitBreaker, open', () => {
  it('refuses everybody until the break is over, and says for how long', () => {
    const { breaker } = opened();
    expect(breaker.tryEnter(0)).toEqual({ admitted: false, retryInMs: 5_000 });
    expect(breaker.tryEnter(4_999)).toEqual({ admitted: false, retryInMs: 1 });
  });

  it('was opened once by any number of failures at the same time', () => {
    const { breaker, late } = opened();
    for (const pass of late) breaker.record(pass, 'failure', at(3_000));
    expect(breaker.tryEnter(4_000)).toEqual({ admitted: false, retryInMs: 1_000 });
    breaker.record(passAt(breaker, 5_000), 'failure', at(5_000));
    // The second break, not the seventh.
    expect(breaker.tryEnter(5_000)).toEqual({ admitted: false, retryInMs: 10_000 });
  });

  it('is not closed by the late success of a submission from before', () => {
    const { breaker, late } = opened();
    breaker.record(late[0]!, 'success', at(1_000));
    expect(breaker.state).toBe('open');
    expect(breaker.tryEnter(1_000).admitted).toBe(false);
  });

  it.each<[number, number]>([
    [0, 5_000],
    [0.5, 6_250],
    [1, 7_500],
  ])('with a draw of %d breaks for %d ms, so that clients do not probe in step', (jitter, breakMs) => {
    const breaker = new CircuitBreaker({ ...options, consecutiveFailures: 1 });
    breaker.record(passAt(breaker, 0), 'failure', at(0, jitter));
    expect(breaker.tryEnter(0)).toEqual({ admitted: false, retryInMs: breakMs });
  });

  it('doubles its break with every failed probe, up to the longest', () => {
    const { breaker } = opened();
    const breaks: number[] = [];
    let nowMs = 0;
    for (let count = 0; count < 7; count += 1) {
      const refusal = breaker.tryEnter(nowMs);
      breaks.push(refusal.admitted ? 0 : refusal.retryInMs);
      nowMs += breaks.at(-1)!;
      breaker.record(passAt(breaker, nowMs), 'failure', at(nowMs));
    }
    expect(breaks).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
  });

  it('begins with a short break again once it was closed', () => {
    const { breaker } = opened();
    breaker.record(passAt(breaker, 5_000), 'failure', at(5_000));
    breaker.record(passAt(breaker, 15_000), 'success', at(15_000));
    recordAll(breaker, times(3, 'failure'), 20_000);
    expect(breaker.tryEnter(20_000)).toEqual({ admitted: false, retryInMs: 5_000 });
  });
});

describe('CircuitBreaker, half-open', () => {
  it('gives the probe to exactly one, however many ask', () => {
    const { breaker } = opened();
    const admissions = Array.from({ length: 100 }, () => breaker.tryEnter(5_000));
    expect(admissions.map(isProbe).indexOf(true)).toBe(0);
    expect(admissions.filter(({ admitted }) => admitted)).toHaveLength(1);
    expect(breaker.state).toBe('half-open');
  });

  it('tells the others to ask again soon, since the probe may answer any moment', () => {
    const { breaker } = opened();
    passAt(breaker, 5_000);
    expect(breaker.tryEnter(5_000)).toEqual({ admitted: false, retryInMs: 1_000 });
    expect(breaker.tryEnter(24_400)).toEqual({ admitted: false, retryInMs: 600 });
  });

  it.each<[Verdict, string]>([
    ['success', 'closed'],
    ['busy', 'closed'],
    ['failure', 'open'],
    ['abandoned', 'open'],
  ])('is after a probe that ended with %s %s', (verdict, state) => {
    const { breaker } = opened();
    breaker.record(passAt(breaker, 5_000), verdict, at(5_100));
    expect(breaker.state).toBe(state);
  });

  it('gives the probe to the next one at once where it was abandoned', () => {
    const { breaker } = opened();
    breaker.record(passAt(breaker, 5_000), 'abandoned', at(5_000));
    expect(breaker.tryEnter(5_000)).toMatchObject({ admitted: true, pass: { probe: true } });
    expect(breaker.tryEnter(5_000).admitted).toBe(false);
  });

  it('is neither reopened nor robbed of its probe by the late failure of a submission from before', () => {
    const { breaker, late } = opened();
    const probe = passAt(breaker, 5_000);
    breaker.record(late[0]!, 'failure', at(5_100));
    expect(breaker.state).toBe('half-open');
    breaker.record(probe, 'success', at(5_200));
    expect(breaker.state).toBe('closed');
  });

  it('is not closed by the late success of a submission from before', () => {
    const { breaker, late } = opened();
    passAt(breaker, 5_000);
    breaker.record(late[0]!, 'success', at(5_100));
    expect(breaker.state).toBe('half-open');
    expect(breaker.tryEnter(5_100).admitted).toBe(false);
  });

  it('gives a new probe when the lease of a dead one has ended, and ignores the dead one afterwards', () => {
    const { breaker } = opened();
    const dead = passAt(breaker, 5_000);
    expect(breaker.tryEnter(24_999).admitted).toBe(false);
    const next = passAt(breaker, 25_000);
    expect(next.probe).toBe(true);
    expect(breaker.tryEnter(25_000).admitted).toBe(false);
    breaker.record(dead, 'success', at(25_100));
    expect(breaker.state).toBe('half-open');
    breaker.record(next, 'failure', at(25_200));
    expect(breaker.state).toBe('open');
  });

  it('starts clean when it closes: failures from before the break do not count again', () => {
    const breaker = new CircuitBreaker({ ...options, consecutiveFailures: null, failureRatio: 0.5 });
    recordAll(breaker, times(10, 'failure'), 1_000);
    breaker.record(passAt(breaker, 6_000), 'success', at(6_000));
    recordAll(breaker, times(9, 'failure'), 7_000);
    expect(breaker.state).toBe('closed');
  });

  it('starts clean when it closes: failures in a row are counted from one again', () => {
    const { breaker } = opened();
    breaker.record(passAt(breaker, 5_000), 'success', at(5_000));
    recordAll(breaker, times(2, 'failure'), 5_000);
    expect(breaker.state).toBe('closed');
  });
});

describe('CircuitBreaker, whatever happens', () => {
  it('never has two probes out within a lease, admits nobody in a break, and changes with current passes only', () => {
    const verdict = fc.constantFrom<Verdict>('success', 'failure', 'failure', 'busy', 'abandoned');
    const step = fc.oneof(
      fc.record({ type: fc.constant('enter' as const), afterMs: fc.integer({ min: 0, max: 6_000 }) }),
      fc.record({ type: fc.constant('record' as const), which: fc.nat(), verdict }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const breaker = new CircuitBreaker({ ...options, consecutiveFailures: 2 });
        const out: Pass[] = [];
        let [nowMs, probeMs, epoch] = [0, -Infinity, 0];
        for (const one of steps) {
          const before = breaker.state;
          if (one.type === 'enter') {
            nowMs += one.afterMs;
            const admission = breaker.tryEnter(nowMs);
            if (!admission.admitted) continue;
            expect(admission.pass.probe).toBe(before !== 'closed');
            if (before === 'half-open') expect(nowMs - probeMs).toBeGreaterThanOrEqual(options.probeLeaseMs);
            if (admission.pass.probe) probeMs = nowMs;
            epoch = admission.pass.epoch;
            out.push(admission.pass);
          } else if (out.length > 0) {
            const [pass] = out.splice(one.which % out.length, 1) as [Pass];
            breaker.record(pass, one.verdict, at(nowMs));
            if (pass.epoch < epoch) expect(breaker.state).toBe(before);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
