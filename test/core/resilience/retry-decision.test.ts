import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decideRetry,
  type RetryDecision,
  type RetryContext,
  withJitter,
} from '../../../src/core/resilience/retry-decision.ts';
import type { Fault, FaultKind } from '../../../src/domain/fault.ts';
import type { FailureReason } from '../../../src/domain/outcome.ts';
import { aFault } from '../../support/builders.ts';

const limits = { maxAttempts: 3, maxUnsolvable: 3 };

const again = (waitMs: number): RetryDecision => ({ retry: true, waitMs });
const stop = (reason: FailureReason, retryInMs: number | null = null): RetryDecision => ({
  retry: false,
  reason,
  retryInMs,
});

const transport = aFault();
const timeout = aFault({ kind: 'timeout' });
const lost = aFault({ kind: 'timeout', answerLost: true });
const busy = aFault({ kind: 'throttled', code: 'ERROR_NO_SLOT_AVAILABLE', retryAfterMs: 5_000, threadsFull: true });
const banned = aFault({ kind: 'throttled', code: 'ERROR: 1005', retryAfterMs: 300_000 });
const unsolvable = aFault({ kind: 'unsolvable', code: 'ERROR_CAPTCHA_UNSOLVABLE' });
const forgotten = aFault({ kind: 'unsolvable', code: 'ERROR_WRONG_CAPTCHA_ID', maxResubmissions: 1 });
const rejected = aFault({ kind: 'rejected', code: 'ERROR_PAGEURL' });
const unknown = aFault({ kind: 'rejected', code: 'ERROR_NEW', maxResubmissions: 1 });
const account = aFault({ kind: 'account', code: 'ERROR_WRONG_USER_KEY' });
const strange = aFault({ kind: 'config' });

const context = (special: Partial<RetryContext>): RetryContext => ({
  faults: [transport],
  idMayBeAlive: false,
  isInputUsedUp: false,
  timeLeftMs: 100_000,
  attemptNeedsMs: 0,
  backoffMs: 1_000,
  lastChanceMs: 0,
  jitter: 0,
  ...special,
});

describe('decideRetry', () => {
  it.each<[string, Partial<RetryContext>, RetryDecision]>([
    ['a transport fault is retried after the backoff', {}, again(1_000)],
    ['a timeout is retried after the backoff', { faults: [timeout] }, again(1_000)],
    ['a lost answer is retried after the backoff', { faults: [lost] }, again(1_000)],
    ['a busy service is retried after the time it asks for', { faults: [busy] }, again(5_000)],
    ['an unsolvable CAPTCHA is submitted again', { faults: [unsolvable] }, again(1_000)],
    ['a rejected task is not retried', { faults: [rejected] }, stop('rejected')],
    ['a refused account is not retried', { faults: [account] }, stop('account')],
    ['a wrong address is not asked again', { faults: [strange] }, stop('config')],
    ['a code with one resubmission gets one', { faults: [unknown] }, again(1_000)],
    ['a code with one resubmission gets no second one', { faults: [unknown, unknown] }, stop('rejected')],
    ['a forgotten id is submitted again', { faults: [forgotten] }, again(1_000)],
    ['a forgotten id is submitted again once', { faults: [forgotten, forgotten] }, stop('unsolvable')],
    ['resubmissions are counted per code', { faults: [forgotten, unknown] }, again(1_000)],
    ['no resubmission means none', { faults: [aFault({ kind: 'rejected', maxResubmissions: 0 })] }, stop('rejected')],
    ['the last fault decides, not an earlier one', { faults: [transport, rejected] }, stop('rejected')],
    ['the second fault leaves one attempt of three', { faults: [transport, timeout] }, again(1_000)],
    ['the third fault leaves none', { faults: [transport, timeout, transport] }, stop('attempts-exhausted')],
    [
      'the third busy answer leaves none, but a time',
      { faults: [busy, busy, busy] },
      stop('attempts-exhausted', 5_000),
    ],
    ['the third unsolvable is the CAPTCHA', { faults: [unsolvable, unsolvable, unsolvable] }, stop('unsolvable')],
    ['the third attempt, unsolvable, is the CAPTCHA', { faults: [transport, timeout, unsolvable] }, stop('unsolvable')],
    ['a wait that ends before the deadline is waited', { timeLeftMs: 1_001 }, again(1_000)],
    ['what is left after the wait must do for an attempt', { timeLeftMs: 6_001, attemptNeedsMs: 5_000 }, again(1_000)],
    [
      'too little is left after the wait',
      { timeLeftMs: 6_000, attemptNeedsMs: 5_000 },
      stop('deadline-exceeded', 1_000),
    ],
    ['a wait that ends at the deadline is not', { timeLeftMs: 1_000 }, stop('deadline-exceeded', 1_000)],
    ['no time is left', { timeLeftMs: 0, backoffMs: 0 }, stop('deadline-exceeded', 0)],
    ['a ban beyond the deadline fails at once', { faults: [banned] }, stop('deadline-exceeded', 300_000)],
    ['a ban within the deadline is waited out', { faults: [banned], timeLeftMs: 400_000 }, again(300_000)],
    ['a longer backoff beats what the service asks for', { faults: [busy], backoffMs: 9_000 }, again(9_000)],
    ['what the service asks for gets jitter on top', { faults: [busy], jitter: 0.5 }, again(5_500)],
    ['a live id is left, not paid for twice', { idMayBeAlive: true }, stop('deadline-exceeded')],
    [
      'a live id is left with the time asked for',
      { idMayBeAlive: true, faults: [busy] },
      stop('deadline-exceeded', 5_000),
    ],
    ['an input that is used up is not sent again', { isInputUsedUp: true, faults: [unsolvable] }, stop('unsolvable')],
    ['nor is it after its id was forgotten', { isInputUsedUp: true, faults: [forgotten] }, stop('unsolvable')],
    [
      'a live id with a used up input is left, too',
      { isInputUsedUp: true, idMayBeAlive: true, faults: [timeout] },
      stop('deadline-exceeded'),
    ],
    ['a live id with a refused account is that', { idMayBeAlive: true, faults: [account] }, stop('account')],
    ['a live id with a wrong address is that', { idMayBeAlive: true, faults: [strange] }, stop('config')],
    ['a live id with a rejected poll is that', { idMayBeAlive: true, faults: [unknown] }, stop('rejected')],
  ])('%s', (_sentence, special, decision) => {
    expect(decideRetry(limits, context(special))).toEqual(decision);
  });

  it.each<[FaultKind, FailureReason]>([
    ['transport', 'attempts-exhausted'],
    ['timeout', 'attempts-exhausted'],
    ['throttled', 'attempts-exhausted'],
    ['unsolvable', 'unsolvable'],
    ['rejected', 'rejected'],
    ['account', 'account'],
    ['config', 'config'],
  ])('gives up after a single attempt with %s for the reason %s', (kind, reason) => {
    const decision = decideRetry({ maxAttempts: 1, maxUnsolvable: 3 }, context({ faults: [aFault({ kind })] }));
    expect(decision).toEqual(stop(reason));
  });

  it('treats a CAPTCHA as unsolvable after maxUnsolvable answers, with attempts left', () => {
    const generous = { maxAttempts: 10, maxUnsolvable: 2 };
    expect(decideRetry(generous, context({ faults: [unsolvable] }))).toEqual(again(1_000));
    expect(decideRetry(generous, context({ faults: [unsolvable, transport] }))).toEqual(again(1_000));
    expect(decideRetry(generous, context({ faults: [unsolvable, transport, unsolvable] }))).toEqual(stop('unsolvable'));
  });

  it.each<[string, Partial<RetryContext>, number]>([
    ['waits where the service was not there', { faults: [unsolvable, transport] }, 10_000],
    ['waits where no answer came', { faults: [transport, lost] }, 10_000],
    ['waits with jitter', { faults: [transport, timeout], jitter: 0.5 }, 15_000],
    ['waits no shorter than the backoff', { faults: [transport, transport], backoffMs: 20_000 }, 20_000],
    ['waits as usual where there is no time', { faults: [transport, transport], timeLeftMs: 10_000 }, 1_000],
    ['waits as usual where the service answered', { faults: [transport, unsolvable] }, 1_000],
    ['is not the second of three', { faults: [transport] }, 1_000],
  ])('the delayed last attempt of a task %s', (_when, special, waitMs) => {
    expect(decideRetry(limits, context({ lastChanceMs: 10_000, ...special }))).toEqual(again(waitMs));
  });

  it('throws without a fault', () => {
    expect(() => decideRetry(limits, context({ faults: [] }))).toThrow(RangeError);
  });

  it('never allows an attempt beyond a limit, for a live id, with a used-up input or at the deadline, nor shortens a wait', () => {
    const kinds: FaultKind[] = ['transport', 'timeout', 'throttled', 'unsolvable', 'rejected', 'account', 'config'];
    const fault: fc.Arbitrary<Fault> = fc
      .record({
        kind: fc.constantFrom(...kinds),
        code: fc.constantFrom(null, 'A', 'B'),
        retryAfterMs: fc.option(fc.integer({ min: 0, max: 600_000 })),
        maxResubmissions: fc.option(fc.integer({ min: 0, max: 2 })),
      })
      .map((special) => aFault(special));
    const limit = fc.integer({ min: 1, max: 5 });
    fc.assert(
      fc.property(
        fc.record({ maxAttempts: limit, maxUnsolvable: limit }),
        fc.record({
          faults: fc.array(fault, { minLength: 1, maxLength: 6 }),
          idMayBeAlive: fc.boolean(),
          isInputUsedUp: fc.boolean(),
          timeLeftMs: fc.integer({ min: -1_000, max: 600_000 }),
          attemptNeedsMs: fc.integer({ min: 0, max: 10_000 }),
          backoffMs: fc.integer({ min: 0, max: 30_000 }),
          lastChanceMs: fc.integer({ min: 0, max: 30_000 }),
          jitter: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        }),
        (someLimits, some) => {
          const decision = decideRetry(someLimits, some);
          if (!decision.retry) return;
          const last = some.faults.at(-1)!;
          expect(some.idMayBeAlive || some.isInputUsedUp).toBe(false);
          expect(some.faults.length).toBeLessThan(someLimits.maxAttempts);
          expect(some.faults.filter(({ kind }) => kind === 'unsolvable').length).toBeLessThan(someLimits.maxUnsolvable);
          expect(['account', 'config']).not.toContain(last.kind);
          expect(decision.waitMs).toBeLessThan(some.timeLeftMs);
          expect(decision.waitMs).toBeGreaterThanOrEqual(Math.max(some.backoffMs, last.retryAfterMs ?? 0));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('withJitter', () => {
  it.each([
    [0, 0.9, 0],
    [1_000, 0, 1_000],
    [1_000, 0.5, 1_100],
    [10_000, 1, 12_000],
    [300_000, 0.5, 302_500],
    [300_000, 1, 305_000],
  ])('makes %d ms with a draw of %d into %d ms', (retryAfterMs, jitter, waitMs) => {
    expect(withJitter(retryAfterMs, jitter)).toBe(waitMs);
  });
});
