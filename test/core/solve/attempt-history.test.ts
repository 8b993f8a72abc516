import { describe, expect, it } from 'vitest';
import { gaveUp, liveIdOf, solved } from '../../../src/core/solve/attempt-history.ts';
import type { Attempt } from '../../../src/domain/outcome.ts';
import { aFault, aTask } from '../../support/builders.ts';

const anAttempt = (special: Partial<Attempt> = {}): Attempt => ({
  attempt: 1,
  region: null,
  captchaId: 'id1',
  startedAt: 0,
  submittedAt: 100,
  durationMs: 20_000,
  submitMs: 100,
  pollMs: [50],
  pollFaultCount: 0,
  fault: null,
  possiblyCharged: false,
  ...special,
});

const unsolvable = aFault({ kind: 'unsolvable', code: 'ERROR_CAPTCHA_UNSOLVABLE', message: 'gave up' });
const lost = anAttempt({
  captchaId: null,
  submittedAt: null,
  fault: aFault({ answerLost: true }),
  possiblyCharged: true,
});

describe('liveIdOf', () => {
  it.each<[string, Attempt | undefined, string | null]>([
    ['no attempt', undefined, null],
    ['an id that ran out of time', anAttempt({ fault: aFault({ kind: 'timeout' }) }), 'id1'],
    ['an id whose polls the account may not send', anAttempt({ fault: aFault({ kind: 'account' }) }), 'id1'],
    ['an id that the service gave up', anAttempt({ fault: unsolvable }), null],
    ['a submission that was not accepted', lost, null],
  ])('finds in %s the id it should', (_what, attempt, id) => {
    expect(liveIdOf(attempt)).toBe(id);
  });
});

describe('gaveUp', () => {
  it('says why in a sentence, with the code and the message of the last fault', () => {
    const history = { task: aTask({ region: 'eu' }), attempts: [anAttempt({ fault: unsolvable })], durationMs: 7 };
    expect(gaveUp(history, { reason: 'unsolvable', retryInMs: null })).toEqual({
      status: 'failed',
      taskId: 't1',
      region: 'eu',
      attempts: history.attempts,
      durationMs: 7,
      possiblyCharged: false,
      reason: 'unsolvable',
      code: 'ERROR_CAPTCHA_UNSOLVABLE',
      message: 'the CAPTCHA could not be solved: gave up',
      retryInMs: null,
      captchaId: null,
      submittedAt: 100,
    });
  });

  it('names the id that can be collected later', () => {
    const attempts = [anAttempt({ fault: aFault({ kind: 'timeout' }) })];
    const outcome = gaveUp(
      { task: aTask(), attempts, durationMs: 7 },
      { reason: 'deadline-exceeded', retryInMs: null },
    );
    expect(outcome).toMatchObject({ captchaId: 'id1', submittedAt: 100 });
  });

  it('speaks for itself where nothing was attempted', () => {
    const outcome = gaveUp(
      { task: aTask(), attempts: [], durationMs: 0 },
      { reason: 'breaker-open', retryInMs: 5_000 },
    );
    expect(outcome).toMatchObject({ code: null, captchaId: null, submittedAt: null, retryInMs: 5_000 });
    expect(outcome.message).toBe('the circuit breaker is open');
  });

  it('is possibly charged where any attempt was, not only the last', () => {
    const history = { task: aTask(), attempts: [lost, anAttempt({ fault: unsolvable })], durationMs: 7 };
    expect(gaveUp(history, { reason: 'unsolvable', retryInMs: null }).possiblyCharged).toBe(true);
  });
});

describe('solved', () => {
  const found = { solution: { text: 'token', fields: {} }, solvedAt: 20_000, lifetimeMs: 120_000 };
  const history = { task: aTask(), attempts: [lost, anAttempt({ attempt: 2 })], durationMs: 30_000 };

  it('is about the last attempt, and possibly charged where an earlier one was', () => {
    expect(solved(history, found)).toEqual({
      status: 'solved',
      taskId: 't1',
      region: null,
      attempts: history.attempts,
      durationMs: 30_000,
      possiblyCharged: true,
      solution: found.solution,
      captchaId: 'id1',
      submittedAt: 100,
      solvedAt: 20_000,
      expiresAt: 140_000,
    });
  });

  it('does not expire where the method has no lifetime', () => {
    expect(solved(history, { ...found, lifetimeMs: null }).expiresAt).toBe(null);
  });
});
