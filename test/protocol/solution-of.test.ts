import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAnswer, solutionOf } from '../../src/protocol/answer.ts';

const geetest3 = { challenge: 'abc', validate: 'def', seccode: 'ghi|jordan' };
const geetest4 = { captcha_id: 'a', lot_number: 'b', pass_token: 'c', gen_time: '1', captcha_output: 'e' };
const clearance = { cf_clearance: 'abc', user_agent: 'Mozilla/5.0 (X11; Linux)' };
const nested = { cookies: { cf_clearance: 'abc' }, userAgent: 'UA' };

function read(body: string): ReturnType<typeof solutionOf> {
  const answer = readAnswer(body);
  return answer.type === 'ok' ? solutionOf(answer.payload, answer.fields) : null;
}

describe('solutionOf', () => {
  it.each<[string, string, string, Record<string, unknown>]>([
    ['a token', '{"status":1,"request":"03AG"}', '03AG', {}],
    ['a plain token', 'OK|03AG', '03AG', {}],
    ['an image that shows a number', '{"status":1,"request":1234}', '1234', {}],
    [
      'an enterprise token with its user agent',
      '{"status":1,"result":"03AG","user_agent":"UA"}',
      '03AG',
      { user_agent: 'UA' },
    ],
    ['a clearance with its user agent', '{"status":1,"result":"cf","user_agent":"UA"}', 'cf', { user_agent: 'UA' }],
    ['the cells of a grid as text', '{"status":1,"request":"[1,3,6]"}', '[1,3,6]', {}],
    ['the cells of a grid as a list', '{"status":1,"request":[1,3,6]}', '[1,3,6]', {}],
    ['a grid of which no cell fits', '{"status":1,"request":[]}', '[]', {}],
    ['text in braces', '{"status":1,"request":"{abc}"}', '{abc}', {}],
  ])('reads %s', (_name, body, ...[text, fields]) => {
    expect(read(body)).toEqual({ text, fields });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['GeeTest v3 as plain text', geetest3, 'OK|challenge:abc,validate:def,seccode:ghi|jordan'],
    ['GeeTest v3 as JSON in a string', geetest3, JSON.stringify({ status: 1, request: JSON.stringify(geetest3) })],
    ['GeeTest v3 as an object', geetest3, JSON.stringify({ status: 1, request: geetest3 })],
    ['GeeTest v3 without an envelope', geetest3, JSON.stringify(geetest3)],
    ['GeeTest v3 beside the status', geetest3, JSON.stringify({ status: 1, ...geetest3 })],
    ['GeeTest v4 as JSON in a string', geetest4, JSON.stringify({ status: 1, request: JSON.stringify(geetest4) })],
    ['Cloudflare as plain text', clearance, 'OK|cf_clearance=abc;user_agent=Mozilla/5.0 (X11; Linux)'],
    ['Cloudflare as JSON in a string', nested, JSON.stringify({ status: 1, request: JSON.stringify(nested) })],
    ['Lemin', { answer: 'a', challenge_uuid: 'b' }, '{"status":1,"request":{"answer":"a","challenge_uuid":"b"}}'],
  ])('makes compact JSON with the parts as fields of %s', (_name, parts, body) => {
    expect(read(body)).toEqual({ text: JSON.stringify(parts), fields: parts });
  });

  it('keeps the fields next to a structured answer', () => {
    const body = JSON.stringify({ status: 1, request: geetest3, price: '0.003' });
    expect(read(body)).toEqual({ text: JSON.stringify(geetest3), fields: { ...geetest3, price: '0.003' } });
  });

  it.each([
    '{"status":1}',
    '{"status":1,"request":""}',
    '{"status":1,"request":" "}',
    '{"status":1,"request":{}}',
    '{"status":1,"request":"{}"}',
    '{"status":1,"request":true}',
    'OK|',
  ])('finds no solution in %s', (body) => {
    expect(read(body)).toBeNull();
  });

  it('survives deeply nested JSON in a string', () => {
    const payload = `{"a":${'['.repeat(6_000)}${']'.repeat(6_000)}}`;
    expect(solutionOf(payload, {})).toEqual({ text: payload, fields: {} });
  });

  it('has a text for every solution', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (payload) => {
        const solution = solutionOf(payload, {});
        expect(solution === null || solution.text !== '').toBe(true);
      }),
    );
  });
});
