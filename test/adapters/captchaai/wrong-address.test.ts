import { describe, expect, it } from 'vitest';
import { clientOf, faultOf, type Scripted, soon, startAnswering, task } from './scripted-service.ts';

const body = '<html><title>oops</title></html>';

/** The fault kinds of successive submissions with these answers. */
async function kindsOf(...answers: readonly [Scripted, ...Scripted[]]): Promise<string[]> {
  const left = [...answers];
  const client = clientOf(await startAnswering(() => left.shift() ?? {}));
  const kinds: string[] = [];
  while (left.length > 0) kinds.push((await faultOf(client.submit(task, soon))).kind);
  return kinds;
}

describe('a wrong base URL', () => {
  it.each([300, 302, 308, 400, 401, 403, 404, 405, 407, 410, 499])('is assumed for HTTP %i', async (status) => {
    expect(await kindsOf({ status, body })).toEqual(['config']);
  });

  it.each([408, 425, 500, 502, 503, 504])('is not assumed for HTTP %i', async (status) => {
    expect(await kindsOf({ status, body })).toEqual(['transport']);
  });

  it('is not ruled out by answers that any page may give', async () => {
    const notFound = { status: 404, body };
    expect(await kindsOf({ body }, { body: 'OK' }, notFound)).toEqual(['transport', 'transport', 'config']);
  });

  it.each([302, 400, 403, 404])(
    'is ruled out by an answer of the service: HTTP %i is temporary then',
    async (status) => {
      const kinds = await kindsOf({ body: 'ERROR_PAGEURL' }, { status, body }, { status, body });
      expect(kinds).toEqual(['rejected', 'transport', 'transport']);
    },
  );

  it('is ruled out once a submission was accepted', async () => {
    const left = [{ body: 'OK|1' }, { status: 404, body }];
    const client = clientOf(await startAnswering(() => left.shift() ?? {}));
    expect(await client.submit(task, soon)).toBe('1');
    expect(await faultOf(client.poll('1', soon))).toMatchObject({ kind: 'transport' });
  });

  it.each([
    [404, 'oops', / answered HTTP 404: oops \(check api\.baseUrl\)$/],
    [403, 'oops', / answered HTTP 403: oops \(check api\.baseUrl and the access rules for this machine\)$/],
    [301, '', / answered HTTP 301, a redirect to elsewhere\. Redirects are not followed\. Check api\.baseUrl\.$/],
  ])('is suggested with HTTP %i', async (status, text, message) => {
    const client = clientOf(await startAnswering({ status, body: text }));
    const { message: said, answerLost, retryAfterMs } = await faultOf(client.submit(task, soon));
    expect(said).toMatch(message);
    expect({ answerLost, retryAfterMs }).toEqual({ answerLost: false, retryAfterMs: null });
  });
});
