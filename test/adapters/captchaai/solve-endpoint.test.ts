import { describe, expect, it } from 'vitest';
import type { SolveEndpoint } from '../../../src/ports/state.ts';
import { imageText } from '../../support/an-image.ts';
import {
  clientOf,
  faultOf,
  key,
  type Received,
  type Scripted,
  soon,
  startAnswering,
  task,
} from './scripted-service.ts';

const image = { ...task, method: 'post', sitekey: null, pageurl: null, body: imageText() };
const json = (answer: object): Scripted => ({ body: JSON.stringify(answer) });

/** An endpoint that is assumed to exist, and what was recorded of it. */
function assumed(): { solveEndpoint: SolveEndpoint; recorded: boolean[] } {
  const recorded: boolean[] = [];
  return {
    recorded,
    solveEndpoint: { isKnown: () => recorded.at(-1) ?? true, record: (exists) => void recorded.push(exists) },
  };
}

const pathsOf = (received: readonly Received[]): readonly string[] => received.map(({ url }) => url);

describe('an image for a service with /solve.php', () => {
  it('is answered with its solution, in one request', async () => {
    const { solveEndpoint, recorded } = assumed();
    const service = await startAnswering(json({ status: 1, request: 'w93bx' }));
    const answer = await clientOf(service, { solveEndpoint }).submit(image, soon);
    expect(answer).toEqual({ captchaId: null, solution: { text: 'w93bx', fields: {} } });
    expect(service.received).toMatchObject([{ method: 'POST', url: '/solve.php' }]);
    expect(service.received[0]?.form).toEqual({ method: 'base64', body: image.body, key, json: '1' });
    expect(recorded).toEqual([true]);
  });

  it.each([
    ['{"status":1,"request":"12345","id":"77"}', { captchaId: '77', solution: { text: '12345' } }],
    ['{"status":1,"request":"12345","captcha_id":77}', { captchaId: '77', solution: { text: '12345' } }],
    ['{"status":1,"request":12345}', { captchaId: null, solution: { text: '12345' } }],
    ['OK|a|b', { captchaId: null, solution: { text: 'a|b' } }],
  ])('answered with %s is solved', async (body, answer) => {
    const { solveEndpoint } = assumed();
    expect(await clientOf(await startAnswering({ body }), { solveEndpoint }).submit(image, soon)).toMatchObject(answer);
  });

  it.each(['{"status":0,"request":"CAPCHA_NOT_READY","id":"77"}', '{"status":1,"id":"77"}'])(
    'answered with %s is polled by that id',
    async (body) => {
      const { solveEndpoint } = assumed();
      expect(await clientOf(await startAnswering({ body }), { solveEndpoint }).submit(image, soon)).toBe('77');
    },
  );

  it.each(['', 'CAPCHA_NOT_READY', '{"status":1}', '{"status":1,"request":""}', '<html>', 'OK'])(
    'answered with %j may have been charged',
    async (body) => {
      const { solveEndpoint, recorded } = assumed();
      const service = await startAnswering({ body });
      const fault = await faultOf(clientOf(service, { solveEndpoint }).submit(image, soon));
      expect(fault).toMatchObject({ kind: 'transport', answerLost: true });
      expect([service.received.length, recorded]).toEqual([1, []]);
    },
  );

  it.each(['ERROR_CAPTCHA_UNSOLVABLE', 'ERROR_NO_SLOT_AVAILABLE'])('may be refused with %s', async (code) => {
    const { solveEndpoint, recorded } = assumed();
    const service = await startAnswering({ body: code });
    const fault = await faultOf(clientOf(service, { solveEndpoint }).submit(image, soon));
    expect(fault).toMatchObject({ code, answerLost: false });
    expect([service.received.length, recorded]).toEqual([1, []]);
  });

  it('waits longer than for other answers', async () => {
    const { solveEndpoint } = assumed();
    const late: Scripted = json({ status: 1, request: 'late' });
    const service = await startAnswering(() => late);
    // A limit of 0 ms would end any other request before it is sent.
    const answer = await clientOf(service, { solveEndpoint, timeoutMs: 0 }).submit(image, soon);
    expect(answer).toMatchObject({ solution: { text: 'late' } });
  });
});

describe('an image for a service without /solve.php', () => {
  const absent: readonly Scripted[] = [
    { status: 404, body: '<html><title>Not found</title></html>' },
    { status: 405 },
    { status: 501 },
    { body: 'ERROR_METHOD_CALL' },
    json({ status: 0, request: 'ERROR_NO_SUCH_METHOD' }),
  ];

  it.each(absent)('is sent to /in.php after %j, and the next one at once', async (answer) => {
    const { solveEndpoint, recorded } = assumed();
    const service = await startAnswering(({ url }) =>
      url === '/in.php' ? json({ status: 1, request: '42' }) : answer,
    );
    const client = clientOf(service, { solveEndpoint });
    expect([await client.submit(image, soon), await client.submit(image, soon)]).toEqual(['42', '42']);
    expect(pathsOf(service.received)).toEqual(['/solve.php', '/in.php', '/in.php']);
    expect(recorded).toEqual([false]);
  });
});

it.each([
  task,
  { ...image, params: { recaptcha: '1' } },
  { ...image, params: { coordinatescaptcha: '1' } },
  { ...image, params: { pingback: 'https://example.com/' } },
  { ...image, method: 'audio', params: { lang: 'en' } },
])('a task that /solve.php does not answer with a text goes to /in.php: $method $params', async (other) => {
  const { solveEndpoint, recorded } = assumed();
  const service = await startAnswering(json({ status: 1, request: '42' }));
  expect(await clientOf(service, { solveEndpoint }).submit(other, soon)).toBe('42');
  expect([pathsOf(service.received), recorded]).toEqual([['/in.php'], []]);
});
