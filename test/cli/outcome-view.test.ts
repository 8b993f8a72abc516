import { describe, expect, it } from 'vitest';
import { collectHint, outcomeReport, renderGaveUp } from '../../src/cli/outcome-view.ts';
import { aFault } from '../support/builders.ts';
import { aGaveUp, anAttempt, aSolved } from './support/outcomes.ts';

describe('the report of an outcome', () => {
  it('contains everything about a solved task', () => {
    const solution = { text: '{"a":"1"}', fields: { a: '1' } };
    expect(outcomeReport(aSolved({ solution, region: 'eu-west-1' }))).toEqual({
      status: 'solved',
      taskId: '1',
      solution: '{"a":"1"}',
      fields: { a: '1' },
      captchaId: '77',
      region: 'eu-west-1',
      attempts: [
        {
          attempt: 1,
          region: null,
          captchaId: '77',
          startedAt: '2026-01-02T03:04:05.000Z',
          submittedAt: '2026-01-02T03:04:05.250Z',
          durationMs: 20_250,
          submitMs: 250,
          pollMs: [80, 80],
          pollFaultCount: 0,
          fault: null,
          possiblyCharged: false,
        },
      ],
      reason: null,
      code: null,
      message: null,
      retryInMs: null,
      submittedAt: '2026-01-02T03:04:05.250Z',
      solvedAt: '2026-01-02T03:04:20.250Z',
      expiresAt: '2026-01-02T03:06:20.250Z',
      durationMs: 20_250,
      possiblyCharged: false,
    });
  });

  it('contains everything about a failed task', () => {
    const lost = anAttempt({
      captchaId: null,
      submittedAt: null,
      submitMs: null,
      fault: aFault(),
      possiblyCharged: true,
    });
    const outcome = aGaveUp({ attempts: [lost], code: 'ERROR_X', retryInMs: 4_999.6, possiblyCharged: true });
    expect(outcomeReport(outcome)).toMatchObject({
      status: 'failed',
      solution: null,
      fields: {},
      captchaId: null,
      attempts: [{ submittedAt: null, submitMs: null, fault: { kind: 'transport' }, possiblyCharged: true }],
      reason: 'breaker-open',
      code: 'ERROR_X',
      message: 'the service is unavailable',
      retryInMs: 5_000,
      submittedAt: null,
      solvedAt: null,
      expiresAt: null,
      durationMs: 1_235,
      possiblyCharged: true,
    });
  });

  it('has the same keys whether it was solved or not', () => {
    expect(Object.keys(outcomeReport(aGaveUp()))).toEqual(Object.keys(outcomeReport(aSolved())));
  });

  it('omits no key from the JSON if a solution never expires and its age is unknown', () => {
    const report = outcomeReport(aSolved({ submittedAt: null, expiresAt: null }));
    expect(Object.keys(JSON.parse(JSON.stringify(report)) as object)).toEqual(Object.keys(report));
    expect(report).toMatchObject({ submittedAt: null, expiresAt: null });
  });
});

describe('the text of a failed task', () => {
  it('is one line if there is nothing to do', () => {
    expect(renderGaveUp(aGaveUp({ reason: 'rejected', message: 'the service refused the task: bad key' }))).toBe(
      'not solved (rejected): the service refused the task: bad key',
    );
  });

  it('contains the number of attempts, the time of a retry, possible charges and how to collect', () => {
    const attempts = [anAttempt({ possiblyCharged: true }), anAttempt({ attempt: 2 })];
    const outcome = aGaveUp({
      reason: 'deadline-exceeded',
      message: 'the time ran out',
      durationMs: 300_000,
      attempts,
    });
    expect(renderGaveUp({ ...outcome, retryInMs: 5_000, possiblyCharged: true, captchaId: '77' })).toBe(
      [
        'not solved (deadline-exceeded): the time ran out',
        '  2 attempts in 5m 00s',
        '  worth trying again in 5s',
        '  a submission was sent whose answer never came: it may have been charged',
        '  collect it later with: captcha result 77',
      ].join('\n'),
    );
  });
});

describe('the hint to collect', () => {
  it('is a command that can be pasted', () => {
    expect(collectHint('77')).toBe('collect it later with: captcha result 77');
  });
});
