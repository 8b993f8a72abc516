import { describe, expect, it } from 'vitest';
import { imageText } from '../support/an-image.ts';
import { latencyMs, runSandbox, turnstile } from './running-sandbox.ts';

const query = new URLSearchParams({ key: 'k', json: '1', ...turnstile }).toString();

describe('a fault instead of an answer', () => {
  it.each([204, 304, 401, 429, 500, 503, 599])('is HTTP %d, with its Retry-After', async (mode) => {
    const { sandbox } = await runSandbox();
    sandbox.script({ mode, retryAfter: '7' });
    const response = await fetch(`${sandbox.url}/in.php?${query}`);
    expect(response.status).toBe(mode);
    expect(response.headers.get('retry-after')).toBe('7');
    expect(sandbox.stats()).toMatchObject({ submissions: 1, accepted: 0, faultsInjected: 1 });
  });

  it.each(['100', '101', '199', 'reset'])('of mode %s leaves the client without an answer', async (mode) => {
    const { sandbox } = await runSandbox();
    sandbox.script({ mode });
    await expect(fetch(`${sandbox.url}/in.php?${query}`)).rejects.toThrow();
    expect((await fetch(`${sandbox.url}/in.php?${query}`)).status).toBe(200);
    expect(sandbox.stats()).toMatchObject({ submissions: 2, accepted: 1 });
  });

  it.each([
    ['html', /^<html>/],
    ['captive-portal', /<title>Guest Wi-Fi: sign in<\/title>/],
    ['create-task', /^\{"errorId":1,"errorCode":"ERROR_KEY_DOES_NOT_EXIST"/],
    ['empty', /^$/],
    ['ERROR: 1003', /^\{"status":0,"request":"ERROR: 1003"\}$/],
  ])('is %s with status 200', async (mode, body) => {
    const { sandbox } = await runSandbox();
    sandbox.script({ mode });
    const response = await fetch(`${sandbox.url}/in.php?${query}`);
    expect(response.status).toBe(200);
    expect(await response.text()).toMatch(body);
    expect(sandbox.stats().accepted).toBe(0);
  });

  it('is silence, which ends when the sandbox closes', async () => {
    const { sandbox } = await runSandbox();
    sandbox.script({ mode: 'hang' });
    const answer = fetch(`${sandbox.url}/in.php?${query}`);
    const ended = expect(answer).rejects.toThrow();
    while (sandbox.stats().faultsInjected === 0) await new Promise(setImmediate);
    await sandbox.close();
    await ended;
  });
});

describe("a status of Cloudflare's own", () => {
  it.each([520, 521, 522, 523, 524, 525, 526, 527])('%i has its error page', async (mode) => {
    const { sandbox } = await runSandbox();
    sandbox.script({ mode });
    const response = await fetch(`${sandbox.url}/in.php?${query}`);
    expect(response.status).toBe(mode);
    expect(await response.text()).toMatch(new RegExp(`<title>sandbox \\| ${mode}: [A-Z]`));
  });
});

describe('a Retry-After for all faults', () => {
  it.each([
    [429, '7'],
    [503, '7'],
    [500, null],
  ])('of HTTP %i is %s', async (mode, expected) => {
    const { sandbox } = await runSandbox({ faults: [{ mode, share: 1 }], retryAfter: '7' });
    const response = await fetch(`${sandbox.url}/in.php?${query}`);
    expect({ status: response.status, wait: response.headers.get('retry-after') }).toEqual({
      status: mode,
      wait: expected,
    });
  });
});

describe('a fault that changes the charset', () => {
  it('keeps the answer correct in windows-1251', async () => {
    const { sandbox, json, submit, clock } = await runSandbox();
    const id = await submit({ method: 'base64', body: imageText(), lang: 'ru', numeric: '2' });
    clock.advance(latencyMs);
    const { request: solution } = await json('/res.php', { action: 'get', id });
    sandbox.script({ mode: 'windows-1251' });
    const response = await fetch(`${sandbox.url}/res.php?key=k&action=get&id=${id}`);
    expect(response.headers.get('content-type')).toBe('text/html; charset=windows-1251');
    const text = new TextDecoder('windows-1251').decode(await response.arrayBuffer());
    expect(text).toBe(`OK|${String(solution)}`);
    expect(text).toMatch(/^OK\|[б-я]{5}$/);
  });
});

describe('a fault that empties a solution', () => {
  it.each<[Record<string, string>, unknown]>([
    [{ method: 'base64', body: imageText() }, ''],
    [turnstile, ''],
    [
      { method: 'geetest', gt: 'g', challenge: 'c', pageurl: 'https://a.example/' },
      '{"geetest_challenge":"","geetest_validate":"","geetest_seccode":""}',
    ],
    [
      { method: 'lemin', captcha_id: 'c', pageurl: 'https://a.example/' },
      { answer: '', challenge_uuid: '' },
    ],
  ])('leaves status 1 for %o', async (fields, request) => {
    const { sandbox, json, submit, clock } = await runSandbox();
    const id = await submit(fields);
    const get = () => json('/res.php', { action: 'get', id });
    sandbox.script({ mode: 'poll/empty-solution' });
    expect(await get()).toEqual({ status: 0, request: 'CAPCHA_NOT_READY' });
    clock.advance(latencyMs);
    sandbox.script({ mode: 'poll/empty-solution' });
    expect(await get()).toEqual({ status: 1, request });
    expect(sandbox.stats()).toMatchObject({ collected: 0, orphaned: 1 });
  });
});

describe('a fault that compresses an answer', () => {
  it.each(['gzip', 'deflate', 'br'])('as %s keeps it correct, and collected', async (mode) => {
    const { sandbox, submit, clock } = await runSandbox();
    const id = await submit();
    clock.advance(latencyMs);
    sandbox.script({ mode });
    const response = await fetch(`${sandbox.url}/res.php?key=k&json=1&action=get&id=${id}`);
    expect(response.headers.get('content-encoding')).toBe(mode);
    expect(await response.json()).toMatchObject({ status: 1 });
    expect(sandbox.stats()).toMatchObject({ faultsInjected: 1, collected: 1 });
  });
});

describe('a fault that corrupts an answer', () => {
  it.each(['submit/reset-after', 'submit/truncated'])('of mode %s has accepted the task', async (mode) => {
    const { sandbox, json } = await runSandbox();
    sandbox.script({ mode });
    await expect(json('/in.php', turnstile)).rejects.toThrow();
    expect(sandbox.stats()).toMatchObject({ accepted: 1, faultsInjected: 1 });
    await json('/in.php', turnstile);
    expect(sandbox.stats()).toMatchObject({ accepted: 2, duplicates: 1 });
  });

  it('leaves a solution uncollected', async () => {
    const { sandbox, json, submit, clock } = await runSandbox();
    const id = await submit();
    clock.advance(latencyMs);
    sandbox.script({ mode: 'truncated', endpoint: 'poll' });
    await expect(json('/res.php', { action: 'get', id })).rejects.toThrow();
    expect(sandbox.stats()).toMatchObject({ polls: 1, collected: 0, orphaned: 1 });
    await json('/res.php', { action: 'get', id });
    expect(sandbox.stats()).toMatchObject({ polls: 2, collected: 1, orphaned: 0 });
  });

  it('can be plain text despite json=1', async () => {
    const { sandbox, post } = await runSandbox();
    sandbox.script({ mode: 'plain' });
    expect(await post('/in.php', { key: 'k', json: '1', ...turnstile })).toMatch(/^OK\|\d+$/);
  });
});

describe('an outage', () => {
  it('affects requests from its start to its end and is counted', async () => {
    const { sandbox, json, clock } = await runSandbox({ outages: [{ mode: 'html', fromMs: 1_000, toMs: 2_000 }] });
    const submit = () => json('/in.php', turnstile);
    await submit();
    clock.advance(1_000);
    await expect(submit()).rejects.toThrow();
    await expect(json('/res.php', { action: 'getbalance' })).rejects.toThrow();
    clock.advance(1_000);
    await submit();
    expect(sandbox.stats()).toMatchObject({ submissions: 3, requestsDuringOutage: 2, submissionsDuringOutage: 1 });
  });
});
