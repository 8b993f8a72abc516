import { describe, expect, it } from 'vitest';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { anImage, imageText } from '../support/an-image.ts';
import { latencyMs, recaptcha, runSandbox, turnstile } from './running-sandbox.ts';

const token = expect.stringMatching(/^0\./) as string;

describe('a submission', () => {
  it('gets an id above 31 bits, as text', async () => {
    const { json } = await runSandbox();
    for (const fields of [recaptcha, turnstile]) {
      const { status, request } = await json('/in.php', fields);
      expect({ status, request }).toEqual({ status: 1, request: expect.stringMatching(/^\d+$/) as string });
      expect(Number(request)).toBeGreaterThan(2 ** 31);
    }
  });

  it('gets plain text without json=1', async () => {
    const { post } = await runSandbox();
    expect(await post('/in.php', { key: 'k', ...turnstile })).toMatch(/^OK\|\d+$/);
    expect(await post('/in.php', { key: 'k', method: 'turnstile' })).toBe('ERROR_PAGEURL');
  });

  it('gets HTML with status 200, refusals too', async () => {
    const { sandbox } = await runSandbox();
    const response = await fetch(`${sandbox.url}/in.php?key=k&json=1&header_acao=1`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=UTF-8');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(await response.json()).toEqual({ status: 0, request: 'ERROR_METHOD_CALL' });
  });

  it('can be a GET, JSON, and multipart with a file', async () => {
    const { sandbox } = await runSandbox();
    const submit = async (path: string, body?: FormData | string): Promise<string> =>
      (await fetch(`${sandbox.url}${path}`, body === undefined ? {} : { method: 'POST', body })).text();
    const query = new URLSearchParams({ key: 'k', ...turnstile }).toString();
    expect(await submit(`/in.php?${query}`)).toMatch(/^OK\|/);
    expect(await submit('/in.php', JSON.stringify({ key: 'k', ...turnstile }))).toMatch(/^OK\|/);
    const form = new FormData();
    form.set('key', 'k');
    form.set('method', 'post');
    form.set('file', new Blob([new Uint8Array(anImage())]), 'captcha.png');
    expect(await submit('/in.php', form)).toMatch(/^OK\|/);
  });

  it('of more than 10 MiB is refused, and the client receives the refusal', async () => {
    const { sandbox } = await runSandbox();
    const body = new Uint8Array(11 * 1024 * 1024);
    const response = await fetch(`${sandbox.url}/in.php?key=k&method=post&json=1`, { method: 'POST', body });
    expect(await response.json()).toEqual({ status: 0, request: 'ERROR_TOO_BIG_CAPTCHA_FILESIZE' });
  });
});

describe('the order of refusals', () => {
  it('is key, balance, parameters, threads', async () => {
    const key = 'a'.repeat(32);
    const { json } = await runSandbox({ key, balance: 0 });
    const full = await runSandbox({ threads: 0 });
    const code = async (run: typeof json, fields: Record<string, string>) => (await run('/in.php', fields))['request'];
    expect(await code(json, { key: 'b'.repeat(32) })).toBe('ERROR_KEY_DOES_NOT_EXIST');
    expect(await code(json, { key: 'short' })).toBe('ERROR_WRONG_USER_KEY');
    expect(await code(json, { key: '' })).toBe('ERROR_WRONG_USER_KEY');
    expect(await code(json, { key })).toBe('ERROR_ZERO_BALANCE');
    expect(await code(full.json, { method: 'turnstile' })).toBe('ERROR_PAGEURL');
    expect(await code(full.json, turnstile)).toBe('ERROR_NO_SLOT_AVAILABLE');
  });

  it('treats another key of any length as unknown if the right one is not 32 characters long', async () => {
    const { json } = await runSandbox({ key: 'demo' });
    expect(await json('/res.php', { key: 'x' })).toEqual({ status: 0, request: 'ERROR_KEY_DOES_NOT_EXIST' });
    expect(await json('/res.php', { key: 'demo', action: 'getbalance' })).toEqual({ status: 1, request: '100.000' });
  });
});

describe('threads', () => {
  it('refuse when all are busy, until a task is solved', async () => {
    const { json, clock } = await runSandbox({ threads: 1 });
    const info = () => json('/res.php', { action: 'threadsinfo' });
    await json('/in.php', turnstile);
    expect(await json('/in.php', turnstile)).toEqual({ status: 0, request: 'ERROR_NO_SLOT_AVAILABLE' });
    expect(await info()).toEqual({ status: 1, threads: 1, working_threads: 1 });
    clock.advance(latencyMs);
    expect(await info()).toEqual({ status: 1, threads: 1, working_threads: 0 });
    expect((await json('/in.php', turnstile))['status']).toBe(1);
  });
});

describe('solve.php', () => {
  it('answers with the solution itself', async () => {
    const sandbox = await startSandbox({ latencyMs: [5, 5] });
    const body = new URLSearchParams({ key: 'k', method: 'base64', body: imageText(), numeric: '1' });
    const response = await fetch(`${sandbox.url}/solve.php`, { method: 'POST', body });
    expect(await response.text()).toMatch(/^OK\|[2-9]{5}$/);
    expect(sandbox.stats()).toMatchObject({ submissions: 1, solved: 1, collected: 1 });
    await sandbox.close();
  });

  it('takes images only', async () => {
    const { json } = await runSandbox();
    expect(await json('/solve.php', turnstile)).toEqual({ status: 0, request: 'ERROR_METHOD_CALL' });
  });
});

describe('the answer option', () => {
  it('is the payload, and null makes the task unsolvable', async () => {
    const { json, submit, clock } = await runSandbox({
      answer: ({ method, params }) => (method === 'turnstile' ? `mine for ${params['sitekey'] ?? ''}` : null),
    });
    const [solved, failed] = [await submit(), await submit(recaptcha)];
    clock.advance(latencyMs);
    const get = (id: string) => json('/res.php', { action: 'get', id });
    expect(await get(solved)).toEqual({ status: 1, request: 'mine for 0x4AAA' });
    expect(await get(failed)).toEqual({ status: 0, request: 'ERROR_CAPTCHA_UNSOLVABLE' });
  });
});

describe('an answer option that throws', () => {
  it('is reported to the client with status 500', async () => {
    const { sandbox } = await runSandbox({
      answer: () => {
        throw new Error('no idea');
      },
    });
    const query = new URLSearchParams({ key: 'k', ...turnstile }).toString();
    const response = await fetch(`${sandbox.url}/in.php?${query}`);
    expect(response.status).toBe(500);
    expect(await response.text()).toContain('no idea');
  });
});

describe('the block rules', () => {
  it('are off by default', async () => {
    const { json } = await runSandbox({ key: 'right' });
    for (let count = 0; count < 6; count += 1) await json('/in.php', { key: 'wrong' });
    expect(await json('/in.php', { ...turnstile, key: 'right' })).toMatchObject({ status: 1 });
  });

  it('ban an address that tries wrong keys', async () => {
    const { json } = await runSandbox({ key: 'right', quirks: ['block-rules'] });
    for (let count = 0; count < 5; count += 1) await json('/in.php', { key: 'wrong' });
    expect(await json('/in.php', { ...turnstile, key: 'right' })).toEqual({ status: 0, request: 'IP_BANNED' });
  });
});

describe('a preflight of a browser', () => {
  it('is allowed from any origin', async () => {
    const { sandbox } = await runSandbox();
    const asked = { 'access-control-request-headers': 'content-type' };
    const response = await fetch(`${sandbox.url}/in.php`, { method: 'OPTIONS', headers: asked });
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('access-control-allow-methods')).toBe('GET, POST, OPTIONS');
    expect(response.headers.get('access-control-allow-headers')).toBe('content-type');
  });
});

describe('the accounting', () => {
  it('counts requests, solved tasks and uncollected ones', async () => {
    const { sandbox, submit, json, clock } = await runSandbox();
    const [id] = [await submit(), await submit(), await submit(recaptcha)];
    clock.advance(1_000);
    await json('/res.php', { action: 'get', id });
    await json('/in.php', { method: 'nonsense' });
    await json('/res.php', { action: 'reportbad', id });
    const expected = {
      requests: 6,
      submissions: 4,
      polls: 1,
      accepted: 3,
      solved: 3,
      collected: 1,
      orphaned: 2,
      duplicates: 1,
      workingThreads: 0,
      threadsHighWater: 3,
      faultsInjected: 0,
      requestsDuringOutage: 0,
      submissionsDuringOutage: 0,
      perMethod: { turnstile: 2, userrecaptcha: 1 },
      reports: { good: 0, bad: 1 },
      pingbackRefused: 0,
      perSecond: [3, 1],
    };
    expect(sandbox.stats()).toEqual(expected);
    const response = await fetch(`${sandbox.url}/_stats`);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual(expected);
  });

  it('keeps ten minutes of submissions per second and no more', async () => {
    const { sandbox, submit, clock } = await runSandbox();
    clock.advance(599_999);
    await submit();
    clock.advance(1);
    await submit();
    expect(sandbox.stats().perSecond).toHaveLength(600);
    expect(sandbox.stats().perSecond.at(-1)).toBe(1);
  });
});

describe('the server', () => {
  it('answers an unknown path with the known ones', async () => {
    const { sandbox } = await runSandbox();
    const response = await fetch(`${sandbox.url}/createTask`);
    expect(response.status).toBe(404);
    expect(await response.text()).toContain('/in.php, /res.php, /solve.php');
  });

  it('listens on 127.0.0.1 and reports a port in use', async () => {
    const { sandbox } = await runSandbox();
    const { hostname, port } = new URL(sandbox.url);
    expect(hostname).toBe('127.0.0.1');
    await expect(startSandbox({ port: Number(port) })).rejects.toThrow(`port ${port} cannot be opened (EADDRINUSE)`);
  });

  it('rejects options with an invalid fault mode', async () => {
    await expect(startSandbox({ faults: [{ mode: 'bogus', share: 1 }] })).rejects.toThrow(
      '"bogus" is not a fault mode',
    );
  });

  it('can be closed twice, also with a complete token in between', async () => {
    const { sandbox, submit, json, clock } = await runSandbox();
    const id = await submit();
    clock.advance(latencyMs);
    expect(await json('/res.php', { action: 'get', id })).toEqual({ status: 1, request: token });
    await sandbox.close();
    await sandbox.close();
    await expect(fetch(sandbox.url)).rejects.toThrow();
  });
});
