import { describe, expect, it } from 'vitest';
import { latencyMs, recaptcha, runSandbox, turnstile } from './running-sandbox.ts';

const token = expect.stringMatching(/^0\.[\w-]{250,}$/) as string;

describe('get', () => {
  it('is not ready, then answers the same token every time, until the id is forgotten', async () => {
    const { json, submit, clock } = await runSandbox({ resultKeptMs: 60_000 });
    const id = await submit();
    const get = () => json('/res.php', { action: 'get', id });
    clock.advance(latencyMs - 1);
    expect(await get()).toEqual({ status: 0, request: 'CAPCHA_NOT_READY' });
    clock.advance(1);
    const first = await get();
    expect(first).toEqual({ status: 1, request: token });
    clock.advance(59_999);
    expect(await get()).toEqual(first);
    clock.advance(1);
    expect(await get()).toEqual({ status: 0, request: 'ERROR_WRONG_CAPTCHA_ID' });
  });

  it.each([
    ['123', 'ERROR_WRONG_CAPTCHA_ID'],
    ['', 'ERROR_WRONG_ID_FORMAT'],
    ['abc', 'ERROR_WRONG_ID_FORMAT'],
    ['12.5', 'ERROR_WRONG_ID_FORMAT'],
  ])('of the id "%s" is %s', async (id, code) => {
    const { json } = await runSandbox();
    expect(await json('/res.php', { action: 'get', id })).toEqual({ status: 0, request: code });
  });

  it('of a task with the unsolvable marker fails', async () => {
    const { json, submit, clock } = await runSandbox();
    const id = await submit({ ...recaptcha, googlekey: 'sandbox-unsolvable' });
    clock.advance(latencyMs);
    expect(await json('/res.php', { action: 'get', id })).toEqual({ status: 0, request: 'ERROR_CAPTCHA_UNSOLVABLE' });
  });

  it('of several ids answers in one line, status 1 whatever their state', async () => {
    const { json, post, submit, clock } = await runSandbox();
    const solved = await submit();
    const failed = await submit({ ...turnstile, sitekey: 'sandbox-unsolvable' });
    clock.advance(latencyMs);
    const ids = [solved, await submit(), failed, '7', 'x'].join(',');
    const line =
      /^0\.[\w-]+\|CAPCHA_NOT_READY\|ERROR_CAPTCHA_UNSOLVABLE\|ERROR_WRONG_CAPTCHA_ID\|ERROR_WRONG_ID_FORMAT$/;
    const many = await json('/res.php', { action: 'get', ids });
    expect(many).toEqual({ status: 1, request: expect.stringMatching(line) as string });
    expect(await post('/res.php', { key: 'k', action: 'get', ids })).toBe(many['request']);
  });
});

describe('get2', () => {
  it('adds the price once there is an answer', async () => {
    const { json, post, submit, clock } = await runSandbox();
    const id = await submit();
    const get2 = () => json('/res.php', { action: 'get2', id });
    expect(await get2()).toEqual({ status: 0, request: 'CAPCHA_NOT_READY' });
    clock.advance(latencyMs);
    expect(await get2()).toEqual({ status: 1, request: token, price: '0.00299' });
    expect(await post('/res.php', { key: 'k', action: 'get2', id })).toMatch(/^OK\|0\.[\w-]+\|0\.00299$/);
  });
});

describe('plain text', () => {
  it('is OK and the token for get, and bare for balance and reports', async () => {
    const { post, submit, clock } = await runSandbox({ balance: 12.3456 });
    const id = await submit();
    const res = (fields: Record<string, string>) => post('/res.php', { key: 'k', ...fields });
    expect(await res({ action: 'get', id })).toBe('CAPCHA_NOT_READY');
    clock.advance(latencyMs);
    expect(await res({ action: 'get', id })).toMatch(/^OK\|0\./);
    expect(await res({ action: 'getbalance' })).toBe('12.346');
    expect(await res({ action: 'threadsinfo' })).toBe('OK|100|0');
    expect(await res({ action: 'reportgood', id })).toBe('OK_REPORT_RECORDED');
  });
});

describe('a report', () => {
  it('is recorded once per solved id', async () => {
    const { json, submit, clock } = await runSandbox();
    const id = await submit();
    const report = (verdict: string, of = id) => json('/res.php', { action: `report${verdict}`, id: of });
    expect(await report('good')).toEqual({ status: 0, request: 'ERROR_REPORT_NOT_RECORDED' });
    clock.advance(latencyMs);
    expect(await report('good')).toEqual({ status: 1, request: 'OK_REPORT_RECORDED' });
    expect(await report('bad')).toEqual({ status: 0, request: 'ERROR_DUPLICATE_REPORT' });
    expect(await report('bad', '9')).toEqual({ status: 0, request: 'ERROR_WRONG_CAPTCHA_ID' });
  });
});

describe('an action', () => {
  it.each([{}, { action: '' }, { action: 'constructor' }])('%j that is missing is reported', async (fields) => {
    const { json } = await runSandbox();
    expect(await json('/res.php', fields)).toEqual({ status: 0, request: 'ERROR_EMPTY_ACTION' });
  });
});
