import { describe, expect, it } from 'vitest';
import { collectHint, gaveUpFields, namesBesideText, outcomeReport, renderGaveUp } from '../../src/cli/outcome-view.ts';
import { aFault } from '../support/builders.ts';
import { aGaveUp, anAttempt, aSolved } from './support/outcomes.ts';

const globals = { config: null, sandbox: false };

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
    expect(
      renderGaveUp(aGaveUp({ reason: 'rejected', message: 'the service refused the task: bad key' }), globals),
    ).toBe('not solved (rejected): the service refused the task: bad key');
  });

  it('says how often it was tried, when to try again and what may have been charged', () => {
    const lost = anAttempt({ possiblyCharged: true, captchaId: null });
    const attempts = [lost, { ...lost, attempt: 2 }];
    const outcome = aGaveUp({
      reason: 'attempts-exhausted',
      message: 'all attempts failed',
      durationMs: 300_000,
      attempts,
    });
    expect(renderGaveUp({ ...outcome, retryInMs: 5_000, possiblyCharged: true }, globals)).toBe(
      [
        'not solved (attempts-exhausted): all attempts failed',
        '  2 attempts in 5m 00s',
        '  retry after 5s',
        '  no id came back for 2 submissions: none is known to be accepted, but each may have been charged',
      ].join('\n'),
    );
  });

  it('is one line with the command that collects it where an id is left', () => {
    const message = 'not solved in time; 77 is paid for and may still be solved';
    const outcome = aGaveUp({ reason: 'deadline-exceeded', message, durationMs: 2_000, attempts: [], captchaId: '77' });
    expect(renderGaveUp(outcome, { config: 'my team.json', sandbox: false })).toBe(
      `${message} (deadline-exceeded after 2s). Collect it: captcha --config 'my team.json' result 77`,
    );
  });

  it('says that the message names the ids which the service forgot', () => {
    const attempts = [anAttempt({ possiblyCharged: true, captchaId: '77' })];
    const outcome = aGaveUp({ reason: 'unsolvable', message: 'forgot its id (77)', attempts, possiblyCharged: true });
    expect(renderGaveUp(outcome, globals)).toBe('not solved (unsolvable): forgot its id (77)');
  });

  it.each([
    ['budget-exhausted', 'next token in 5s; captcha budget shows the budget'],
    ['breaker-open', 'next attempt in 5s; captcha budget shows the breaker'],
    ['held', 'the hold ends in 5s; captcha release ends it now'],
    ['limit-reached', 'room in 5s; captcha budget shows the limits'],
  ] as const)('says what to do after %s', (reason, line) => {
    const outcome = aGaveUp({ reason, message: 'no', attempts: [], retryInMs: 5_000, possiblyCharged: false });
    expect(renderGaveUp(outcome, globals)).toBe(`not solved (${reason}): no\n  ${line}`);
  });
});

describe('what is known to a sandbox', () => {
  const inSandbox = { config: null, sandbox: true };

  it('is not to be looked up later', () => {
    expect(collectHint(['77'], inSandbox)).toBe('77 cannot be collected later: the sandbox ends with this command');
    const outcome = aGaveUp({ reason: 'breaker-open', message: 'no', retryInMs: 5_000, captchaId: '77' });
    expect(renderGaveUp(outcome, inSandbox)).toBe('not solved (breaker-open): no\n  next attempt in 5s');
  });
});

describe('namesBesideText', () => {
  it.each([
    ['a plain token', 'token', {}, []],
    ['a token that needs its browser', 'token', { user_agent: 'Mozilla', token: 'token' }, ['user_agent']],
    ['parts that the text has', '{"a":"1"}', { a: '1', user_agent: 'Mozilla' }, ['user_agent']],
    ['a text that only looks like JSON', '{a', { user_agent: 'Mozilla' }, ['user_agent']],
  ])('of %s', (_what, text, fields, names) => {
    expect(namesBesideText({ text, fields })).toEqual(names);
  });
});

describe('the fields of a failed task in a JSON log', () => {
  it('name the reason, the code and the id', () => {
    const outcome = aGaveUp({ reason: 'unsolvable', code: 'ERROR_X', message: 'no', captchaId: '77' });
    expect(gaveUpFields(outcome)).toEqual({
      ...{ taskId: '1', reason: 'unsolvable', code: 'ERROR_X', message: 'no', captchaId: '77' },
      ...{ possiblyCharged: false, attempts: 0 },
    });
  });
});

describe('the hint to collect', () => {
  it('is a command that can be pasted', () => {
    expect(collectHint(['77'], globals)).toBe('collect it later with: captcha result 77');
    expect(collectHint(['77; rm -rf ~'], globals)).toBe("collect it later with: captcha result '77; rm -rf ~'");
    expect(collectHint(['77', '78'], { config: 'a.json', sandbox: false })).toBe(
      'collect them later with: captcha --config a.json result 77 78',
    );
  });
});
