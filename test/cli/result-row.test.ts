import { describe, expect, it } from 'vitest';
import { ColumnUses, outputColumns } from '../../src/cli/input-columns.ts';
import { priorRunInRow, batchColumns, rowOfResult, rowToJson, usedUpInputs } from '../../src/cli/result-row.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import { aTask } from '../support/builders.ts';
import { aGaveUp, anAttempt, aSolved } from './support/outcomes.ts';

function rowOf(outcome: Outcome, values: Record<string, string> = { a: '1' }) {
  const item = { key: 'k', line: 2, task: aTask({ region: outcome.region }), priority: 0, values };
  return rowOfResult({ item, outcome, attemptCount: 2, possiblyCharged: true, expired: false });
}

describe('the columns of an output', () => {
  const uses = new ColumnUses({ keep: [], send: [] });

  it('are those of the input in order, then the new ones', () => {
    expect(outputColumns(['b', 'a'], uses)).toEqual(['b', 'a', ...batchColumns]);
  });

  it('are the same if an output is used as an input', () => {
    const columns = outputColumns(['b', 'status', 'a'], uses);
    expect(columns.slice(0, 3)).toEqual(['b', 'status', 'a']);
    expect(outputColumns(['schemaVersion', ...columns], uses)).toEqual(columns);
  });

  it("use the result's region if the input spells it differently", () => {
    expect(outputColumns(['b', 'Region', 'a'], uses).slice(0, 4)).toEqual(['b', 'region', 'a', 'line']);
    expect(uses.outputValues({ b: '1', Region: 'eu' })).toEqual({ b: '1', region: 'eu' });
  });
});

describe('the row of a finished task', () => {
  it('contains everything about a solved task', () => {
    expect(rowOf(aSolved({ region: 'eu' }))).toEqual({
      ...{
        a: '1',
        line: '2',
        fields: '',
        message: '',
        api_latency_ms: '80',
        status: 'solved',
        solution: 'token',
        reason: '',
        code: '',
        captcha_id: '77',
      },
      ...{ region: 'eu', home_region: 'eu', attempts: '2', submitted_at: '2026-01-02T03:04:05.250Z' },
      ...{ solved_at: '2026-01-02T03:04:20.250Z', expires_at: '2026-01-02T03:06:20.250Z', duration_ms: '20250' },
      ...{ possibly_charged: 'true', expired: 'false' },
    });
  });

  it('contains the reason of a failed one, as a code and as a sentence', () => {
    const row = rowOf(aGaveUp({ reason: 'unsolvable', code: 'ERROR_CAPTCHA_UNSOLVABLE', message: 'not solvable' }));
    expect(row).toMatchObject({
      ...{ status: 'failed', solution: '', reason: 'unsolvable', code: 'ERROR_CAPTCHA_UNSOLVABLE' },
      ...{ message: 'not solvable', fields: '', api_latency_ms: '' },
    });
  });

  it('contains what belongs to a solution beyond its text', () => {
    const fields = { user_agent: 'Mozilla/5.0', cookies: { cf_clearance: 'x' } };
    const row = rowOf(aSolved({ solution: { text: 'token', fields } }));
    expect(row['fields']).toBe('{"user_agent":"Mozilla/5.0","cookies":{"cf_clearance":"x"}}');
    expect(JSON.parse(rowToJson(row))).toMatchObject({ solution: 'token', fields, message: null, api_latency_ms: 80 });
  });

  it('has the median latency of the requests of all attempts', () => {
    const attempts = [anAttempt({ submitMs: 10, pollMs: [30] }), anAttempt({ submitMs: null, pollMs: [20, 41] })];
    expect(rowOf(aSolved({ attempts }))['api_latency_ms']).toBe('25');
  });

  it('replaces an earlier result in place', () => {
    const again = rowOf(aSolved(), { ...rowOf(aGaveUp()), z: '1' });
    expect(again).toMatchObject({ a: '1', status: 'solved', reason: '', z: '1' });
    expect(Object.keys(again)).toEqual(['a', ...batchColumns, 'z']);
  });

  it('has types in JSON Lines, and null where it is empty', () => {
    expect(
      JSON.parse(rowToJson({ a: '1', attempts: '2', expired: 'false', possibly_charged: 'true', code: '' })),
    ).toEqual({
      ...{ schemaVersion: 1, a: '1', attempts: 2, expired: false, possibly_charged: true, code: null },
    });
  });

  it('has the columns that a row of an earlier version lacks, and keeps what stands in one that was copied', () => {
    expect(JSON.parse(rowToJson({ fields: 'a, b', status: 'solved' }))).toEqual({
      ...{ schemaVersion: 1, fields: 'a, b', status: 'solved', message: null, api_latency_ms: null },
    });
  });
});

describe('a column of JSON Lines', () => {
  const values = { n: '12345678901234567890', price: '1.10', ok: 'true', no: '', list: '[1, {"b":2.50}]', text: '5' };
  const item = { key: 'k', line: 2, task: aTask(), priority: 0, values };
  const literals = ['n', 'price', 'ok', 'no', 'list', 'attempts'];
  const row = rowOfResult({
    ...{ item: { ...item, literals }, outcome: aSolved(), attemptCount: 2, possiblyCharged: false, expired: false },
  });

  it('keeps its type in JSON Lines, digit for digit', () => {
    expect(rowToJson(row)).toMatch(
      /^\{"schemaVersion":1,"n":12345678901234567890,"price":1\.10,"ok":true,"no":null,"list":\[1, \{"b":2\.50\}\],"text":"5","line":2,/,
    );
    expect(JSON.parse(rowToJson(row))).toMatchObject({ attempts: 2, status: 'solved' });
  });

  it('keeps it through a journal, whose rows are text', () => {
    const stored = JSON.parse(JSON.stringify(row)) as Record<string, string>;
    expect(rowToJson(stored)).toBe(rowToJson(row));
  });
});

describe('the history in the row of a task', () => {
  const row = { reason: 'deadline-exceeded', captcha_id: '7', submitted_at: '2026-01-02T03:04:05.250Z' };

  it.each([
    [row, { captchaId: '7', submittedAt: Date.UTC(2026, 0, 2, 3, 4, 5, 250) }],
    [{ ...row, reason: 'unsolvable' }, null],
    [{ ...row, captcha_id: '' }, null],
    [{ ...row, submitted_at: '' }, null],
  ])('names the id that may still be solved: %j', (values, liveId) => {
    expect(priorRunInRow(values)).toMatchObject({ liveId });
  });

  it.each([
    [
      { attempts: '3', possibly_charged: 'true' },
      { attempts: 3, possiblyCharged: true, liveId: null },
    ],
    [
      { attempts: '0', possibly_charged: 'false' },
      { attempts: 0, possiblyCharged: false, liveId: null },
    ],
    [row, { attempts: 1, possiblyCharged: false }],
  ])('counts its submissions and keeps its doubt: %j', (values, priorRun) => {
    expect(priorRunInRow(values)).toMatchObject(priorRun);
  });
});

describe('usedUpInputs', () => {
  const geetest = aTask({ method: 'geetest', params: { challenge: 'c' } });
  const accepted = { submitted_at: '2026-01-02T00:00:00.000Z', captcha_id: '' };

  it.each([
    [
      'an id that came back unsolvable',
      geetest,
      { ...accepted, status: 'failed', reason: 'unsolvable' },
      ['challenge'],
    ],
    ['a solution that has expired', geetest, { ...accepted, status: 'solved', captcha_id: '7' }, ['challenge']],
    [
      'an id that is paid for and may still be solved',
      geetest,
      { ...accepted, captcha_id: '7', reason: 'deadline-exceeded' },
      [],
    ],
    ['a submission that was not accepted', geetest, { submitted_at: '', reason: 'attempts-exhausted' }, []],
    ['a task whose inputs last', aTask(), { ...accepted, status: 'failed', reason: 'unsolvable' }, []],
  ])('reads the used-up inputs from the row of %s', (_what, task, values, names) => {
    expect(usedUpInputs(task, values)).toEqual(names);
  });
});
