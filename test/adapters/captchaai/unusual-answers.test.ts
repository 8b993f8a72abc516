import { describe, expect, it } from 'vitest';
import {
  clientOf,
  faultOf,
  key,
  type Received,
  type Scripted,
  soon,
  startAnswering,
  startRaw,
  task,
} from './scripted-service.ts';

const submitFault = async (answer: Scripted) => faultOf(clientOf(await startAnswering(answer)).submit(task, soon));
const pollFault = async (answer: Scripted) => faultOf(clientOf(await startAnswering(answer)).poll('1', soon));

describe('an unsolicited 100 Continue', () => {
  const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nOK|7';
  const goOn = 'HTTP/1.1 100 Continue\r\n\r\n';

  it.each([
    ['before the answer', [goOn + answer]],
    ['twice', [goOn + goOn + answer]],
    ['by itself', [goOn, answer]],
    ['with a header', [goOn.replace('\r\n\r\n', '\r\nserver: x\r\n\r\n'), answer]],
  ])('%s does not lose a submission', async (_where, parts) => {
    const service = await startRaw((socket) => {
      const send = (index: number): void => {
        socket.write(parts[index] ?? '', () => {
          if (index + 1 < parts.length) setImmediate(send, index + 1);
        });
      };
      send(0);
    });
    expect(await clientOf(service).submit(task, soon)).toBe('7');
    expect(service.received).toHaveLength(1);
  });
});

describe("the service's explanation", () => {
  it.each(['error_text', 'errorDescription', 'error_description'])('in %s is part of the message', async (name) => {
    const body = JSON.stringify({ status: 0, request: 'ERROR_BAD_PARAMETERS', [name]: 'The parameter X is required' });
    expect(await submitFault({ body })).toMatchObject({
      code: 'ERROR_BAD_PARAMETERS',
      message:
        'ERROR_BAD_PARAMETERS: A parameter is missing or has the wrong type. The service says: The parameter X is required',
    });
  });

  it('is cleaned, cut to 200 characters and without the key', async () => {
    const text = `\u001b[2J${key} ${'x'.repeat(500)}`;
    const { message } = await submitFault({
      body: JSON.stringify({ status: 0, request: 'ERROR_UPLOAD', error_text: text }),
    });
    const said = message.split('The service says: ')[1] ?? '';
    expect(said).toMatch(/^\[2J\*\*\* x+$/);
    expect(said).toHaveLength(200);
  });

  it('is left out where it only repeats the code', async () => {
    const body = JSON.stringify({ status: 0, request: 'ERROR_UPLOAD', error_text: 'ERROR_UPLOAD' });
    expect((await submitFault({ body })).message).not.toContain('says');
  });
});

describe('an answer that says solved and holds nothing', () => {
  it.each([
    '{"status":1,"request":""}',
    '{"status":1,"request":"  "}',
    '{"status":1}',
    'OK|',
    '{"status":1,"request":{"geetest_challenge":"","geetest_validate":"","geetest_seccode":""}}',
    '{"status":1,"request":{"geetest_challenge":"c","geetest_validate":"","geetest_seccode":""}}',
    '{"challenge":"","validate":"","seccode":""}',
    'OK|challenge:,validate:,seccode:',
    '{"status":1,"result":"","user_agent":"Mozilla"}',
  ])('is unsolvable: %s', async (body) => {
    expect(await pollFault({ body })).toMatchObject({ kind: 'unsolvable', code: null, answerLost: false });
  });

  it('is a solution if it is an empty list: no cell of a grid', async () => {
    const client = clientOf(await startAnswering({ body: '{"status":1,"request":[]}' }));
    expect(await client.poll('1', soon)).toMatchObject({ ready: true, solution: { text: '[]' } });
  });
});

describe('a page in place of the answer', () => {
  it.each([
    [521, 'the service refused the connection', false],
    [523, 'the service is unreachable', false],
    [525, 'the TLS handshake with the service failed', false],
    [526, "the service's certificate is invalid", false],
    [520, 'the service sent an answer that is not HTTP', true],
    [524, 'the service did not answer in time', true],
  ])('HTTP %i is named, and says whether the service was reached', async (status, what, answerLost) => {
    const fault = await submitFault({ status, body: '<html><title>origin trouble</title></html>' });
    expect(fault).toMatchObject({ kind: 'transport', answerLost });
    expect(fault.message).toContain(`HTTP ${status}: Cloudflare, in front of the service, reports that ${what}`);
  });

  it.each([
    ['<html><head><title lang="en">\n  Guest Wi-Fi login\n</title>', 'Guest Wi-Fi login'],
    ['<html><body><h1 class="x">Access denied</h1>', 'Access denied'],
  ])('%j is named by its title', async (body, title) => {
    const { message } = await submitFault({ body });
    expect(message).toMatch(/answered with an HTML page: .* \(a captive portal, a proxy, or a wrong api\.baseUrl\?\)/);
    expect(message).toContain(title);
  });
});

it.each(['{"errorId":1,"errorCode":"ERROR_KEY_DOES_NOT_EXIST"}', '{"errorId":0,"taskId":7}'])(
  'a service of another protocol is a configuration fault: %s',
  async (body) => {
    for (const status of [200, 400]) {
      const fault = await submitFault({ status, body });
      expect(fault).toMatchObject({ kind: 'config', answerLost: false });
      expect(fault.message).toMatch(/another protocol \(createTask\).* Check api\.baseUrl/);
    }
  },
);

it.each([
  ['{"status":1,"request":"1.0E-5"}', 0.00001],
  ['{"status":1,"request":1.0E-5}', 0.00001],
  ['OK|2.5e1', 25],
  ['1.0E-5', 0.00001],
])('a balance of %s is a number', async (body, balance) => {
  expect(await clientOf(await startAnswering({ body })).balance()).toBe(balance);
});

describe('a full house without threadsinfo', () => {
  const zeroBalance = '{"status":0,"request":"ERROR_ZERO_BALANCE"}';

  /** A client with a clock, of a service that has balance and does not report its threads. */
  async function aClient(submissions: readonly string[]) {
    const clock = { nowMs: 0 };
    const left = [...submissions];
    const service = await startAnswering(({ url, form }: Received) => {
      if (url === '/in.php') return { body: left.shift() ?? zeroBalance };
      if (form['action'] === 'get') return { body: 'CAPCHA_NOT_READY' };
      return { body: form['action'] === 'getbalance' ? '0.00040' : 'ERROR_EMPTY_ACTION' };
    });
    return { clock, client: clientOf(service, { monotonicMs: () => clock.nowMs }) };
  }

  it('is an account fault where it repeats with no task of this process in work', async () => {
    const { clock, client } = await aClient([]);
    const kinds = [];
    for (const waitMs of [0, 1_000, 5_000]) {
      clock.nowMs += waitMs;
      kinds.push((await faultOf(client.submit(task, soon))).kind);
    }
    expect(kinds).toEqual(['throttled', 'throttled', 'account']);
  });

  it('stays a full house while a task of this process is in work', async () => {
    const { clock, client } = await aClient(['OK|7']);
    await client.submit(task, soon);
    for (let count = 0; count < 5; count += 1) {
      clock.nowMs += 10_000;
      await client.poll('7', soon);
      expect(await faultOf(client.submit(task, soon))).toMatchObject({ kind: 'throttled', threadsFull: true });
    }
  });

  it('begins again after an accepted submission', async () => {
    const { clock, client } = await aClient([zeroBalance, 'OK|7']);
    await faultOf(client.submit(task, soon));
    await client.submit(task, soon);
    clock.nowMs += 600_000;
    expect(await faultOf(client.submit(task, soon))).toMatchObject({ kind: 'throttled' });
  });
});
