import { describe, expect, it } from 'vitest';
import type { Fault } from '../../../src/domain/fault.ts';
import { clientOf, faultOf, type Scripted, soon, startAnswering, task } from './scripted-service.ts';

const html = '<html><body>oops</body></html>';

async function submitFault(answer: Scripted): Promise<Fault> {
  return faultOf(clientOf(await startAnswering(answer)).submit(task, soon));
}

async function pollFault(answer: Scripted): Promise<Fault> {
  return faultOf(clientOf(await startAnswering(answer)).poll('1', soon));
}

describe('a fault', () => {
  it.each<[string, Scripted, Partial<Fault>]>([
    ['a code', { body: '{"status":0,"request":"ERROR_PAGEURL"}' }, { kind: 'rejected', code: 'ERROR_PAGEURL' }],
    ['a plain code', { body: 'ERROR_NO_SLOT_AVAILABLE' }, { kind: 'throttled', threadsFull: true, retryAfterMs: null }],
    ['a key error', { body: 'ERROR_KEY_DOES_NOT_EXIST' }, { kind: 'account', code: 'ERROR_KEY_DOES_NOT_EXIST' }],
    ['a code with HTTP 400', { status: 400, body: 'ERROR_PAGEURL' }, { kind: 'rejected', code: 'ERROR_PAGEURL' }],
    [
      'a code with HTTP 401',
      { status: 401, body: '{"status":0,"request":"ERROR_WRONG_USER_KEY"}' },
      { kind: 'account' },
    ],
    [
      'a code with HTTP 429',
      { status: 429, body: 'MAX_USER_TURN' },
      { kind: 'throttled', code: 'MAX_USER_TURN', retryAfterMs: 10_000 },
    ],
    [
      'a code with HTTP 500',
      { status: 500, body: 'ERROR_SERVER_ERROR' },
      { kind: 'transport', code: 'ERROR_SERVER_ERROR' },
    ],
    ['an unknown code', { body: 'ERROR_NEW' }, { kind: 'rejected', code: 'ERROR_NEW', maxResubmissions: 1 }],
    ['an unknown code with HTTP 400', { status: 400, body: 'ERROR_NEW' }, { kind: 'config', code: null }],
    [
      'HTTP 429',
      { status: 429, body: html },
      { kind: 'throttled', code: null, retryAfterMs: null, threadsFull: false },
    ],
    ['HTTP 429 without a body', { status: 429 }, { kind: 'throttled', code: null }],
    ['HTTP 302', { status: 302 }, { kind: 'config', code: null }],
    ['HTTP 404', { status: 404, body: html }, { kind: 'config', code: null }],
    ['HTTP 408', { status: 408, body: html }, { kind: 'transport', code: null }],
    ['HTTP 425', { status: 425, body: html }, { kind: 'transport', code: null }],
    ['HTTP 502', { status: 502, body: html }, { kind: 'transport', code: null }],
    ['a success with HTTP 500', { status: 500, body: 'OK|1' }, { kind: 'transport', code: null }],
    ['an HTML page', { body: html }, { kind: 'transport', code: null }],
    ['an empty body', {}, { kind: 'transport', code: null }],
    ['HTTP 204', { status: 204 }, { kind: 'transport', code: null }],
    ['cut-off JSON', { body: '{"status":1,"requ' }, { kind: 'transport', code: null }],
    ['a submission that is not ready', { body: 'CAPCHA_NOT_READY' }, { kind: 'transport', code: null }],
  ])('is read from %s', async (_name, answer, expected) => {
    expect(await submitFault(answer)).toMatchObject(expected);
  });

  it('has the kind that the user configured for a code, even for an undocumented one', async () => {
    const errorKinds = { ERROR_NEW: 'unsolvable', ERROR_PAGEURL: 'transport' } as const;
    for (const [code, kind] of Object.entries(errorKinds)) {
      const service = await startAnswering({ status: 400, body: code });
      expect(await faultOf(clientOf(service, { errorKinds }).submit(task, soon))).toMatchObject({ kind, code });
    }
  });

  it('can have another kind for a poll than for a submission', async () => {
    expect(await pollFault({ body: 'ERROR_ZERO_BALANCE' })).toMatchObject({ kind: 'throttled' });
    expect(await pollFault({ body: 'ERROR_NEW' })).toMatchObject({ kind: 'rejected', maxResubmissions: 0 });
  });

  it.each<[Scripted, number | null]>([
    [{ status: 429, headers: { 'retry-after': '7' } }, 7_000],
    [{ status: 503, headers: { 'retry-after': 'Fri, 20 Nov 2026 12:00:30 GMT' } }, 30_000],
    [{ status: 503, headers: { 'retry-after': 'soon' } }, null],
    [{ status: 429, headers: { 'retry-after': '-7' } }, null],
    [{ body: 'MAX_USER_TURN', headers: { 'retry-after': '60' } }, 60_000],
    [{ body: 'MAX_USER_TURN', headers: { 'retry-after': '1' } }, 10_000],
    [{ body: 'ERROR_PAGEURL', headers: { 'retry-after': '1' } }, 1_000],
  ])('of %o asks for a wait of %s ms', async (answer, retryAfterMs) => {
    expect((await pollFault(answer)).retryAfterMs).toBe(retryAfterMs);
  });

  it.each([301, 302, 303, 307, 308])(
    'of a redirect (HTTP %i) means a wrong address, and the redirect is not followed',
    async (status) => {
      const target = await startAnswering({ body: 'OK|1' });
      const service = await startAnswering({ status, headers: { location: `${target.url}/in.php` } });
      const fault = await faultOf(clientOf(service).submit(task, soon));
      expect(fault).toMatchObject({ kind: 'config', answerLost: false });
      expect(fault.message).toContain(`a redirect to ${target.url}. Redirects are not followed`);
      expect(target.received).toEqual([]);
      expect(service.received).toHaveLength(1);
    },
  );

  it.each([
    [`<title>\u001b[2JBad\u202e Gateway</title>${'x'.repeat(5_000)}`, ' with an HTML page: [2JBad Gateway'],
    ['<h1>Bad Gateway</h1>', ' with an HTML page: Bad Gateway'],
    ['<p>Bad Gateway</p>', ' with an HTML page'],
    [`out of order \u001b[2J${'x'.repeat(5_000)}`, `: out of order [2J${'x'.repeat(184)}`],
  ])(
    'names the service and quotes of %j a title or text, shortened and without control characters',
    async (body, quote) => {
      const { message } = await pollFault({ status: 502, body });
      expect(message.replace(/^127\.0\.0\.1:\d+/, '')).toBe(` answered HTTP 502${quote}`);
    },
  );

  it.each<[string, Scripted]>([
    ['cut-off JSON', { body: '{"status":1,"request":"s0lution' }],
    ['JSON without a status', { body: '{"request":"s0lution"}' }],
    ['an unknown text', { body: 'OK s0lution' }],
    ['a success under HTTP 500', { status: 500, body: 'OK|s0lution' }],
    ['cut-off JSON under HTTP 500', { status: 500, body: '{"status":1,"request":"s0lution' }],
    ['a solution where an id belongs', { body: 'OK|s0lution s0lution' }],
  ])('never quotes %s, which may hold a solution', async (_name, answer) => {
    expect((await submitFault(answer)).message).not.toContain('s0lution');
  });

  it('does not depend on the Content-Type', async () => {
    const service = await startAnswering({
      body: '{"status":1,"request":"7"}',
      headers: { 'content-type': 'image/png' },
    });
    expect(await clientOf(service).submit(task, soon)).toBe('7');
  });
});
