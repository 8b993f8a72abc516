import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { clientOf, faultOf, key, providerFault, soon, startAnswering } from './scripted-service.ts';

const [a, b] = [`0.${'a'.repeat(40)}`, `0.${'b'.repeat(40)}`];
const solved = (text: string) => ({ ready: true, solution: { text, fields: {} } });

describe('a poll for several ids', () => {
  it('is one POST with the ids in a row, and the key in its body only', async () => {
    const service = await startAnswering({ body: `{"status":1,"request":"${a}|CAPCHA_NOT_READY"}` });
    const client = clientOf(service);
    expect(await client.pollMany(['42', '7'], soon)).toEqual([solved(a), { ready: false }]);
    expect(service.received).toHaveLength(1);
    expect(service.received[0]).toMatchObject({ method: 'POST', url: '/res.php' });
    expect(service.received[0]?.form).toEqual({ key, json: '1', action: 'get', ids: '42,7' });
    expect(client.requestCount()).toBe(1);
  });

  it('leaves it to the id itself what a code among the answers means', async () => {
    const service = await startAnswering({ body: `{"status":1,"request":"ERROR_CAPTCHA_UNSOLVABLE|${b}"}` });
    expect(await clientOf(service).pollMany(['1', '2'], soon)).toEqual([null, solved(b)]);
  });

  it.each([
    [`{"status":1,"request":"${a}"}`, 'one answer for two ids'],
    [`{"status":1,"request":"${a}|${b}","user_agent":"UA"}`, 'something that belongs to no id'],
    ['{"status":0,"request":"CAPCHA_NOT_READY"}', 'one state for all'],
    ['CAPCHA_NOT_READY', 'one state for all, as text'],
    [`{"status":1,"result":{"1":"${a}"}}`, 'an object'],
    [`{"status":1,"request":"${a}|${key}"}`, 'the key'],
    ['42', 'a number'],
  ])('answered with %s does not fit: %s', async (body) => {
    expect(await clientOf(await startAnswering({ body })).pollMany(['1', '2'], soon)).toBeNull();
  });

  it.each([
    [{ body: '{"status":0,"request":"ERROR_WRONG_ID_FORMAT"}' }, 'rejected'],
    [{ status: 429 }, 'throttled'],
    [{ status: 502, body: '<html></html>' }, 'transport'],
    [{ body: `${a}|${b}` }, 'transport'],
  ])('answered with %j is a fault of kind %s', async (answer, kind) => {
    expect(await faultOf(clientOf(await startAnswering(answer)).pollMany(['1', '2'], soon))).toMatchObject({
      kind,
      answerLost: false,
    });
  });

  it('says nothing of the key where the service echoes it', async () => {
    const service = await startAnswering({ body: `{"status":0,"request":"ERROR_${key}"}` });
    const error = await providerFault(clientOf(service).pollMany(['1', '2'], soon));
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain(key);
  });
});
