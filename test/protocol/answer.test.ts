import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Answer, readAnswer } from '../../src/protocol/answer.ts';

const ok = (payload: unknown, fields: Record<string, unknown> = {}): Answer => ({ type: 'ok', payload, fields });
const code = (text: string): Answer => ({ type: 'code', code: text });
const bare = (text: string): Answer => ({ type: 'bare', text });
const notReady: Answer = { type: 'not-ready' };
const token = '03AGdBq24PBCbwiDRaS_MJ7Z';

describe('readAnswer', () => {
  it.each<[string, string, Answer]>([
    ['an id as a string', '{"status":1,"request":"0123456789"}', ok('0123456789')],
    ['an id as a number above 2^31', '{"status":1,"request":3397637370}', ok(3_397_637_370)],
    ['an id beyond a double', '{"status":1,"request":12345678901234567890}', ok('12345678901234567890')],
    ['a status in quotes', `{"status":"1","request":"${token}"}`, ok(token)],
    ['a plain id', 'OK|2122988149', ok('2122988149')],
    ['a plain id with a leading zero', 'OK|0123', ok('0123')],
    ['a plain token', `OK|${token}`, ok(token)],
    [
      'a plain answer with bars',
      'OK|challenge:a,validate:b,seccode:c|jordan',
      ok('challenge:a,validate:b,seccode:c|jordan'),
    ],
    ['a token that contains ERROR', '{"status":1,"request":"xERROR_ZERO_BALANCEx"}', ok('xERROR_ZERO_BALANCEx')],
    ['a plain token that contains ERROR', 'OK|xERROR_yCAPCHA_NOT_READY', ok('xERROR_yCAPCHA_NOT_READY')],
    ['a byte order mark and white space', ` \uFEFF\n{"status":1,"request":"${token}"}\r\n`, ok(token)],
    ['the price of get2', `{"status":1,"request":"${token}","price":"0.00299"}`, ok(token, { price: '0.00299' })],
    ['a user agent beside it', `{"status":1,"request":"t","useragent":"UA"}`, ok('t', { useragent: 'UA' })],
    ['an enterprise result', `{"status":1,"result":"${token}","user_agent":"UA"}`, ok(token, { user_agent: 'UA' })],
    ['an enterprise result without a status', '{"result":"t","user_agent":"UA"}', ok('t', { user_agent: 'UA' })],
    ['an empty request beside a result', '{"status":1,"request":null,"result":"t"}', ok('t')],
    ['an error text beside a success', '{"status":1,"request":"t","error_text":""}', ok('t')],
    ['several ids', '{"status":1,"request":"a|CAPCHA_NOT_READY|ERROR_X"}', ok('a|CAPCHA_NOT_READY|ERROR_X')],
    ['a balance in an envelope', '{"status":1,"request":"12.345"}', ok('12.345')],
    ['a balance as a number', '{"status":1,"request":12.345}', ok(12.345)],
  ])('reads %s', (_name, body, expected) => {
    expect(readAnswer(body)).toEqual(expected);
  });

  it.each<[string, Record<string, unknown>]>([
    ['GeeTest v3 without a status', { challenge: 'a', validate: 'b', seccode: 'c|jordan' }],
    ['GeeTest v3 under 2captcha names', { geetest_challenge: 'a', geetest_validate: 'b', geetest_seccode: 'c' }],
    [
      'GeeTest v4 without a status',
      { captcha_id: 'a', lot_number: 'b', pass_token: 'c', gen_time: 'd', captcha_output: 'e' },
    ],
    ['Lemin without a status', { answer: 'a', challenge_uuid: 'b' }],
    ['threads without a status', { threads: 5, working_threads: 2 }],
  ])('uses the whole object for %s', (_name, object) => {
    expect(readAnswer(JSON.stringify(object))).toEqual(ok(object, object));
  });

  it('uses the fields next to the status without a payload', () => {
    const threads = { threads: '5', working_threads: '2' };
    expect(readAnswer(JSON.stringify({ status: 1, ...threads }))).toEqual(ok(threads, threads));
  });

  it.each([
    '{"status":0,"request":"CAPCHA_NOT_READY"}',
    '{"status":"0","request":"CAPCHA_NOT_READY"}',
    '{"status":0,"request":"CAPTCHA_NOT_READY"}',
    '{"status":1,"request":"CAPCHA_NOT_READY"}',
    '{"request":"CAPCHA_NOT_READY"}',
    'CAPCHA_NOT_READY',
    'CAPTCHA_NOT_READY\r\n',
    'OK|CAPCHA_NOT_READY',
  ])('reads %s as not ready', (body) => {
    expect(readAnswer(body)).toEqual(notReady);
  });

  it.each<[string, string]>([
    ['{"status":0,"request":"ERROR_NO_SLOT_AVAILABLE"}', 'ERROR_NO_SLOT_AVAILABLE'],
    ['{"status":"0","request":" ERROR_PAGEURL\\n"}', 'ERROR_PAGEURL'],
    ['{"status":0,"error_text":"ERROR_PAGEURL"}', 'ERROR_PAGEURL'],
    ['{"status":0,"request":"something new"}', 'something new'],
    ['{"request":"ERROR_WRONG_USER_KEY"}', 'ERROR_WRONG_USER_KEY'],
    ['{"status":false,"request":"ERROR_WRONG_USER_KEY"}', 'ERROR_WRONG_USER_KEY'],
    ['ERROR_CAPTCHA_UNSOLVABLE', 'ERROR_CAPTCHA_UNSOLVABLE'],
    ['ERROR: 1005', 'ERROR: 1005'],
    ['IP_BANNED', 'IP_BANNED'],
    ['MAX_USER_TURN', 'MAX_USER_TURN'],
    ['REPORT_NOT_RECORDED', 'REPORT_NOT_RECORDED'],
    ['TOO_MANY_BAD_IMAGES', 'TOO_MANY_BAD_IMAGES'],
    ['ERROR_BAD_PARAMETERS\r\nsee the manual', 'ERROR_BAD_PARAMETERS'],
  ])('reads %s as a code', (body, expected) => {
    expect(readAnswer(body)).toEqual(code(expected));
  });

  it.each(['12.345', '0', '-0.5', 'OK_REPORT_RECORDED', 'OK'])(
    'distinguishes the text %s from ids and solutions',
    (body) => {
      expect(readAnswer(body)).toEqual(bare(body));
    },
  );

  it.each<[string, string]>([
    ['', 'an empty body'],
    [' \r\n', 'an empty body'],
    ['<html>502 Bad Gateway</html>', 'an HTML page'],
    ['{"status":1,"request":"03AGd', 'cut-off or malformed JSON'],
    ['{"status":1,"request":0123}', 'cut-off or malformed JSON'],
    [`{"status":1,"request":${'['.repeat(5_000)}${']'.repeat(5_000)}}`, 'cut-off or malformed JSON'],
    ['{}', 'JSON without a status'],
    ['{"message":"Forbidden"}', 'JSON without a status'],
    [`{"request":"${token}"}`, 'JSON without a status'],
    [`{"status":true,"request":"${token}"}`, 'JSON without a status'],
    ['{"status":0}', 'an error without a code'],
    ['{"status":0,"request":""}', 'an error without a code'],
    ['{"status":0,"request":7}', 'an error without a code'],
    [`{"status":0,"request":"${'E'.repeat(201)}"}`, 'an error without a code'],
    ['[1,2]', 'neither JSON nor a known text'],
    ['upstream connect error', 'neither JSON nor a known text'],
  ])('cannot read %s', (body, why) => {
    expect(readAnswer(body)).toEqual({ type: 'unreadable', why });
  });

  it.each(['1e21', '12345678901234567890.0', '1e400'])('keeps the number %s, whose digits are not an id', (number) => {
    expect(readAnswer(`{"status":1,"request":${number}}`)).toEqual(ok(Number(number)));
  });

  it('never throws, for any body', () => {
    const envelope = fc.record(
      { status: fc.jsonValue(), request: fc.jsonValue(), result: fc.jsonValue() },
      { requiredKeys: [] },
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      envelope.map((value) => JSON.stringify(value)),
      fc.tuple(fc.constantFrom('OK|', 'ERROR_', '{', '<', '\uFEFF{'), fc.string()).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, fc.nat(200), (body, cut) => {
        expect(['ok', 'bare', 'not-ready', 'code', 'unreadable']).toContain(readAnswer(body).type);
        expect(['ok', 'bare', 'not-ready', 'code', 'unreadable']).toContain(readAnswer(body.slice(0, cut)).type);
      }),
    );
  });

  it('reads every payload back that an envelope can contain', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (payload) => {
        fc.pre(!/^CAPT?CHA_NOT_READY$/.test(payload));
        expect(readAnswer(JSON.stringify({ status: 1, request: payload }))).toEqual(ok(payload));
      }),
    );
  });

  it('never treats the truncated start of a success as a success', () => {
    const whole = `{"status":1,"request":"${token}"}`;
    for (let length = 1; length < whole.length; length += 1) {
      expect(readAnswer(whole.slice(0, length)).type).toBe('unreadable');
    }
  });
});
