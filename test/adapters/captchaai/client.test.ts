import { describe, expect, it } from 'vitest';
import { createCaptchaAi } from '../../../src/adapters/captchaai/client.ts';
import { UsageError } from '../../../src/domain/errors.ts';
import { clientOf, faultOf, key, soon, startAnswering, task } from './scripted-service.ts';

const ok = (request: unknown): { body: string } => ({ body: JSON.stringify({ status: 1, request }) });

describe('a submission', () => {
  it('is a POST of a form with the key in the body only', async () => {
    const service = await startAnswering(ok('1'));
    await clientOf(service).submit({ ...task, params: { action: 'login & more', cdata: 'ü' } }, soon);
    const [request] = service.received;
    expect(service.received).toHaveLength(1);
    expect(request).toMatchObject({ method: 'POST', url: '/in.php' });
    expect(request?.headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(JSON.stringify(request?.headers)).not.toContain(key);
    expect(request?.form).toEqual({
      ...{ method: 'turnstile', sitekey: '0x4AAA', pageurl: 'https://example.com/login' },
      ...{ action: 'login & more', cdata: 'ü', key, json: '1' },
    });
  });

  it('cannot have its key, its method or json=1 replaced by a parameter', async () => {
    const service = await startAnswering(ok('1'));
    await clientOf(service).submit({ ...task, params: { key: 'other', json: '0', method: 'post' } }, soon);
    expect(service.received[0]?.form).toMatchObject({ key, json: '1', method: 'turnstile' });
  });

  it('sends an image for the method post as base64', async () => {
    const service = await startAnswering(ok('1'));
    await clientOf(service).submit({ ...task, method: 'post', sitekey: null, pageurl: null, body: 'aGk+/w==' }, soon);
    expect(service.received[0]?.form).toEqual({ method: 'base64', body: 'aGk+/w==', key, json: '1' });
  });

  it.each([
    ['{"status":1,"request":"0123456789"}', '0123456789'],
    ['{"status":1,"request":3397637370}', '3397637370'],
    ['OK|7', '7'],
  ])('answered with %s resolves with the id %s', async (body, id) => {
    expect(await clientOf(await startAnswering({ body })).submit(task, soon)).toBe(id);
  });
});

describe('a poll', () => {
  it('requests one id', async () => {
    const service = await startAnswering(ok('token'));
    await clientOf(service).poll('42', soon);
    expect(service.received[0]).toMatchObject({ method: 'POST', url: '/res.php' });
    expect(service.received[0]?.form).toEqual({ key, json: '1', action: 'get', id: '42' });
  });

  it.each([
    ['{"status":0,"request":"CAPCHA_NOT_READY"}', 200],
    ['CAPCHA_NOT_READY', 200],
    ['CAPCHA_NOT_READY', 400],
  ])('answered with %s (HTTP %i) is not ready', async (body, status) => {
    expect(await clientOf(await startAnswering({ body, status })).poll('1', soon)).toEqual({ ready: false });
  });

  it.each([
    ['{"status":1,"request":"tök€n"}', { text: 'tök€n', fields: {} }],
    ['{"status":1,"result":"t","user_agent":"UA"}', { text: 't', fields: { user_agent: 'UA' } }],
    [
      '{"challenge":"a","validate":"b"}',
      { text: '{"challenge":"a","validate":"b"}', fields: { challenge: 'a', validate: 'b' } },
    ],
  ])('answered with %s has a solution', async (body, solution) => {
    expect(await clientOf(await startAnswering({ body })).poll('1', soon)).toEqual({ ready: true, solution });
  });

  it.each(['OK', '503'])('answered with %s is a transport fault', async (body) => {
    expect(await faultOf(clientOf(await startAnswering({ body })).poll('1', soon))).toMatchObject({
      kind: 'transport',
      code: null,
      answerLost: false,
    });
  });

  it.each(['{"status":1,"request":""}', '{"status":1}', 'OK|'])(
    'answered with %s, a solution that holds nothing, is unsolvable',
    async (body) => {
      expect(await faultOf(clientOf(await startAnswering({ body })).poll('1', soon))).toMatchObject({
        kind: 'unsolvable',
        code: null,
        answerLost: false,
      });
    },
  );
});

describe('the account', () => {
  it.each(['{"status":1,"request":"12.345"}', '{"status":1,"request":12.345}', '12.345', 'OK|12.345'])(
    'has the balance of %s',
    async (body) => {
      const service = await startAnswering({ body });
      expect(await clientOf(service).balance()).toBe(12.345);
      expect(service.received[0]).toMatchObject({ url: '/res.php', form: { key, json: '1', action: 'getbalance' } });
    },
  );

  it('has threads', async () => {
    const service = await startAnswering({ body: '{"status":1,"threads":"5","working_threads":2}' });
    expect(await clientOf(service).threads()).toEqual({ threads: 5, workingThreads: 2 });
    expect(service.received[0]?.form).toEqual({ key, json: '1', action: 'threadsinfo' });
  });

  it('reports what is missing in an answer without threads', async () => {
    const fault = await faultOf(clientOf(await startAnswering({ body: '{"status":1,"threads":5}' })).threads());
    expect(fault).toMatchObject({ kind: 'transport', answerLost: false });
    expect(fault.message).toContain('working_threads');
  });

  it.each(['{"status":1,"request":"OK_REPORT_RECORDED"}', 'OK_REPORT_RECORDED', 'OK', 'OK|1'])(
    'accepts %s as the receipt of a report',
    async (body) => {
      const service = await startAnswering({ body });
      await clientOf(service).report('42', 'good');
      await clientOf(service).report('43', 'bad');
      expect(service.received.map(({ form }) => form)).toEqual([
        { key, json: '1', action: 'reportgood', id: '42' },
        { key, json: '1', action: 'reportbad', id: '43' },
      ]);
    },
  );

  it.each(['ERROR_REPORT_NOT_RECORDED', 'REPORT_NOT_RECORDED'])('passes %s through', async (code) => {
    expect(await faultOf(clientOf(await startAnswering({ body: code })).report('1', 'bad'))).toMatchObject({
      kind: 'rejected',
      code,
    });
  });

  it('attributes a zero balance to the account if an account request gets it', async () => {
    const client = clientOf(await startAnswering({ body: 'ERROR_ZERO_BALANCE' }));
    expect(await faultOf(client.balance())).toMatchObject({ kind: 'account' });
  });
});

describe('createCaptchaAi', () => {
  it.each(['', '/', '/solver', '/solver/v1//'])('keeps the path %s of the base URL', async (path) => {
    const service = await startAnswering(ok('1'));
    await clientOf({ url: service.url + path }).submit(task, soon);
    expect(service.received[0]?.url).toBe(`${path.replace(/\/+$/, '')}/in.php`);
  });

  it.each(['', 'ocr.captchaai.com', 'ftp://example.com'])('refuses the base URL "%s"', (baseUrl) => {
    const options = { key, timeoutMs: 1, connections: 1, errorKinds: {}, env: {}, nowMs: () => 0 };
    expect(() => createCaptchaAi({ ...options, baseUrl })).toThrow(UsageError);
  });

  it('refuses a malformed proxy variable without its password', () => {
    const env = { HTTPS_PROXY: 'http://user:s3cret@host:99999' };
    const options = {
      baseUrl: 'https://example.com',
      key,
      timeoutMs: 1,
      connections: 1,
      errorKinds: {},
      nowMs: () => 0,
    };
    expect(() => createCaptchaAi({ ...options, env })).toThrow(UsageError);
    expect(() => createCaptchaAi({ ...options, env })).not.toThrow(/s3cret/);
  });

  it('counts the requests that were put on the wire', async () => {
    const client = clientOf(await startAnswering(ok('1')));
    await client.submit(task, soon);
    await client.poll('1', soon);
    await client.balance().catch(() => undefined);
    expect(client.requestCount()).toBe(3);
  });

  it('fails requests after close, as not sent', async () => {
    const client = clientOf(await startAnswering(ok('1')));
    await client.submit(task, soon);
    await client.close();
    expect(await faultOf(client.submit(task, soon))).toMatchObject({ kind: 'transport', answerLost: false });
    expect(client.requestCount()).toBe(1);
  });
});
