import { describe, expect, it } from 'vitest';
import manifest from '../../../package.json' with { type: 'json' };
import {
  checkAccount,
  checkApi,
  checkClock,
  checkKey,
  checkLatency,
  type KeyFacts,
} from '../../../src/commands/doctor/account-checks.ts';
import {
  checkConfig,
  checkNode,
  checkPolicy,
  checkProxy,
  checkSharedState,
  oldestNode,
  type ProxyFacts,
} from '../../../src/commands/doctor/local-checks.ts';
import { describeFault, type FaultKind } from '../../../src/domain/fault.ts';
import type { ServiceAnswers, ApiProbeReport } from '../../../src/ports/api.ts';
import { aConfig } from '../../cli/support/a-config.ts';

const answers: ServiceAnswers = {
  roundTripsMs: [90, 40, 10, 30, 20, 50],
  fault: null,
  status: null,
  balance: 5,
  threads: { threads: 10, workingThreads: 3 },
  clock: null,
};
const connection = {
  steps: [
    { step: 'DNS', durationMs: 5 },
    { step: 'TCP', durationMs: 25 },
    { step: 'TLS', durationMs: 40 },
  ],
  failed: null,
} as const;
const apiProbe: ApiProbeReport = { connection, answers };
const fault = (kind: FaultKind, message = 'it says no') => describeFault({ kind, message });
const base = 'https://ocr.captchaai.com';

describe('the check of the shared retry budget', () => {
  const facts = { tokens: 9.5, burst: 10, breaker: 'closed', probeInMs: 0, quietMs: 0, unavailable: null } as const;

  it.each<[string, Parameters<typeof checkSharedState>[0], string, string]>([
    ['nothing that keeps tasks back', { value: facts }, 'ok', '9.5 of 10 tokens, breaker closed'],
    ['a budget of each process', { value: null }, 'ok', 'each process has its own'],
    ['no key', { error: { message: 'no key', hint: null } }, 'skipped', 'needs a key'],
    ['a wait for the service', { value: { ...facts, quietMs: 42_000 } }, 'warning', '42s left'],
    ['an open breaker', { value: { ...facts, breaker: 'open', probeInMs: 5_000 } }, 'warning', 'next probe in 5s'],
    ['an unknown fleet', { value: { ...facts, unavailable: 'redis://r: away' } }, 'warning', 'redis://r: away'],
  ])('finds %s', (_name, shared, status, found) => {
    expect(checkSharedState(shared)).toMatchObject({ status, found: expect.stringContaining(found) as string });
  });
});

describe('the check of node', () => {
  it('requires the same version as package.json', () => {
    expect(manifest.engines.node).toBe(`>=${oldestNode}`);
  });

  it.each([
    ['20.18.1', 'linux', 'ok'],
    ['20.20.0', 'darwin', 'ok'],
    ['24.0.0', 'linux', 'ok'],
    ['20.18.0', 'linux', 'failure'],
    ['20.9.9', 'linux', 'failure'],
    ['18.20.5', 'linux', 'failure'],
    ['22.1.0', 'win32', 'warning'],
  ])('finds %s on %s to be %s', (nodeVersion, platform, status) => {
    expect(checkNode({ nodeVersion, platform }, Date.UTC(2026, 0, 2)).status).toBe(status);
  });

  it('warns from the day after the last day of support', () => {
    const judged = (nodeVersion: string, date: string) =>
      checkNode({ nodeVersion, platform: 'linux' }, Date.parse(date));
    expect(judged('20.20.2', '2026-04-30T23:59:59Z').status).toBe('ok');
    expect(judged('20.20.2', '2026-05-01T00:00:00Z')).toEqual({
      status: 'warning',
      found: 'Node.js 20.20.2 on linux\nthis version has had no security updates since 2026-04-30',
      fix: 'install a supported version: https://nodejs.org/en/about/previous-releases',
    });
    expect(judged('22.23.3', '2026-11-28').status).toBe('ok');
    expect(judged('23.0.0', '2026-11-28').status).toBe('warning');
    expect(judged('99.0.0', '2099-01-01').status).toBe('ok');
  });
});

describe('the check of the configuration', () => {
  const value = { config: aConfig(), settings: [], file: null, ownFile: null, keySource: null, warnings: [] };

  it('names the file, or reports that there is none', () => {
    expect(checkConfig({ loaded: { value }, hastyPolling: null })).toMatchObject({ status: 'ok', fix: null });
    const file = { path: '/etc/team.json', found: true };
    expect(checkConfig({ loaded: { value: { ...value, file } }, hastyPolling: null }).found).toContain(
      '/etc/team.json',
    );
  });

  it('includes all problems of an invalid one', () => {
    const problem = { message: 'the configuration is not valid:\n  a: bad\n  b: bad', hint: null };
    const { status, found, fix } = checkConfig({ loaded: { error: problem }, hastyPolling: null });
    expect({ status, found }).toEqual({ status: 'failure', found: problem.message });
    expect(fix).toContain('captcha config schema');
  });

  it('warns about doubtful settings, and about polling that would be refused', () => {
    const loaded = { value: { ...value, warnings: ['errors.X is unknown'] } };
    const found = checkConfig({ loaded, hastyPolling: { message: 'polling is too fast', hint: 'wait' } });
    expect(found).toMatchObject({ status: 'warning', fix: expect.stringContaining('wait') as string });
    expect(found.found).toMatch(/errors\.X is unknown\npolling is too fast$/);
  });
});

describe('the check of the key', () => {
  const key: KeyFacts = { source: 'CAPTCHAAI_API_KEY', problem: null, length: 32, hasBlanks: false, file: null };
  const file = (path: string, mode: number): KeyFacts => ({ ...key, file: { path, mode } });

  it.each<[string, KeyFacts, string | null, string]>([
    ['a key as the service hands it out', key, base, 'ok'],
    ['a short key', { ...key, length: 31 }, base, 'warning'],
    ['a short key for another service', { ...key, length: 31 }, 'https://example.com', 'ok'],
    ['a short key for nobody knows whom', { ...key, length: 31 }, null, 'ok'],
    ['blanks around it', { ...key, hasBlanks: true }, base, 'warning'],
    ['a file of its owner', file('/home/a/key', 0o100600), base, 'ok'],
    ['a file of a group', file('/home/a/key', 0o100640), base, 'ok'],
    ['a file for all to read', file('/home/a/key', 0o100604), base, 'warning'],
    ['a file for all to write', file('/home/a/key', 0o100602), base, 'warning'],
    ["a container's secret", file('/run/secrets/captchaai', 0o100444), base, 'ok'],
    ['no key', { ...key, source: null, problem: { message: 'none', hint: 'set one' } }, base, 'failure'],
    ['a key that cannot be read', { ...key, problem: { message: 'EACCES', hint: null } }, base, 'failure'],
    [
      'no key and no configuration',
      { ...key, source: null, problem: { message: 'none', hint: null } },
      null,
      'skipped',
    ],
  ])('finds %s', (_name, facts, baseUrl, status) => {
    expect(checkKey(facts, baseUrl).status).toBe(status);
  });
});

describe('the check of the proxy', () => {
  const none = { variables: [], host: 'h', used: { value: null }, regions: [] };

  it.each<[ProxyFacts, string, string]>([
    [none, 'ok', 'no proxy is set: direct connections'],
    [{ ...none, variables: ['HTTP_PROXY'] }, 'ok', 'no proxy is used for h'],
    [{ ...none, used: { value: { url: 'http://p', exceptions: '' } } }, 'ok', 'http://p is used for h'],
    [
      { ...none, used: { value: { url: 'http://p', exceptions: 'a' } } },
      'ok',
      'http://p is used for h (except NO_PROXY: a)',
    ],
    [
      {
        ...none,
        variables: ['HTTP_PROXY'],
        regions: 'a b c d e f g'.split(' ').map((name) => ({ name, proxy: name === 'c' ? null : 'http://p:1' })),
      },
      'ok',
      'http://p:1 is used for the health of a, b, d, e, f and 1 more',
    ],
    [{ ...none, variables: ['ALL_PROXY'] }, 'warning', 'ALL_PROXY is not supported'],
    [{ ...none, variables: ['https_proxy', 'HTTPS_PROXY'] }, 'ok', 'https_proxy overrides HTTPS_PROXY'],
    [{ ...none, used: { error: { message: 'no URL', hint: 'write one' } } }, 'failure', 'no URL'],
  ])('%j is %s: %s', (facts, status, found) => {
    expect(checkProxy(facts)).toMatchObject({ status, found: expect.stringContaining(found) as string });
  });
});

describe('the check of the policy', () => {
  it.each([
    [[], [], 'ok'],
    [['*.example.com'], [], 'ok'],
    [['*.example.com'], ['example.com'], 'ok'],
    [['*.example.com'], ['admin.example.com'], 'ok'],
    [['example.com'], ['*.example.com'], 'ok'],
    [['notexample.com'], ['.example.com'], 'ok'],
    [['shop.example.com'], ['*.example.com'], 'warning'],
    [['*.shop.example.com'], ['.example.com'], 'warning'],
    [['*.example.com'], ['.EXAMPLE.com'], 'warning'],
    [['bücher.example'], ['xn--bcher-kva.example'], 'warning'],
    [['a.example'], ['*'], 'warning'],
    [[], ['*'], 'warning'],
    [['*'], ['*.example.com'], 'ok'],
  ])('allow %j, deny %j: %s', (allow, deny, status) => {
    expect(checkPolicy({ allow, deny }).status).toBe(status);
  });
});

describe('the check of the API', () => {
  it('shows every step', () => {
    expect(checkApi(apiProbe, base)).toMatchObject({
      status: 'ok',
      found: `${base}: DNS 5ms, TCP 25ms, TLS 40ms, HTTP answers`,
    });
  });

  it.each(['DNS', 'TCP', 'TLS'] as const)('names the failed step %s, with the fix', (step) => {
    const failed = { steps: [], failed: { step, error: 'it broke' } };
    const { status, found, fix } = checkApi({ connection: failed, answers: null }, base);
    expect({ status, found }).toEqual({ status: 'failure', found: `${base}: ${step} failed: it broke` });
    expect(fix).toMatch(/\S/);
  });

  it.each<[FaultKind, number[], string]>([
    ['transport', [], 'failure'],
    ['timeout', [], 'failure'],
    ['transport', [5], 'failure'],
    ['transport', [5, 6, 7], 'warning'],
    ['throttled', [5], 'warning'],
    ['account', [5], 'ok'],
  ])('with a fault of kind %s after round trips of %j ms is %s', (kind, roundTripsMs, status) => {
    const found = checkApi({ connection: null, answers: { ...answers, fault: fault(kind), roundTripsMs } }, base);
    expect(found.status).toBe(status);
    expect(found.found).toContain('through the proxy');
  });
});

describe('the check of the latency', () => {
  it('distinguishes round trips from connecting', () => {
    const found = 'min 10ms, median 30ms, max 50ms in 5 round trips; connecting 70ms';
    expect(checkLatency(apiProbe)).toEqual({ status: 'ok', found, fix: null });
  });

  it('counts the extra time of the first one as connecting, through a proxy', () => {
    expect(checkLatency({ ...apiProbe, connection: null }).found).toMatch(/connecting 60ms$/);
  });

  it.each([
    [[], 'skipped'],
    [[5], 'skipped'],
    [[5, 999, 999], 'ok'],
    [[5, 1_000, 1_000], 'warning'],
    [[5, 1, 1, 9_000], 'ok'],
  ])('of %j ms is %s', (roundTripsMs, status) => {
    expect(checkLatency({ ...apiProbe, answers: { ...answers, roundTripsMs } }).status).toBe(status);
  });
});

describe('the check of the clock', () => {
  const serverAt = Date.UTC(2026, 0, 2);

  it.each([
    [0, 'ok'],
    [500, 'ok'],
    [5_400, 'ok'],
    [-4_400, 'ok'],
    [5_600, 'warning'],
    [-4_600, 'warning'],
    [60_400, 'warning'],
    [60_600, 'failure'],
    [-3_600_000, 'failure'],
  ])('%i ms after the header is %s', (aheadMs, status) => {
    expect(checkClock({ serverAt, localAt: serverAt + aheadMs, roundTripMs: 20 }).status).toBe(status);
  });

  it('tells the direction of the error', () => {
    const at = (aheadMs: number) => checkClock({ serverAt, localAt: serverAt + aheadMs, roundTripMs: 0 }).found;
    expect(at(120_500)).toMatch(/^2m 00s ahead of/);
    expect(at(-119_500)).toMatch(/^2m 00s behind/);
  });

  it('does not attribute a slow connection to the clock', () => {
    expect(checkClock({ serverAt, localAt: serverAt + 8_000, roundTripMs: 20_000 }).status).toBe('ok');
  });

  it('is skipped if the service does not send its time', () => {
    expect(checkClock(null).status).toBe('skipped');
  });
});

describe('the check of the account', () => {
  const threads = (all: number, workingThreads: number) => ({ threads: all, workingThreads });

  it.each<[string, Partial<ServiceAnswers>, string]>([
    ['balance and free threads', {}, 'ok'],
    ['a balance, of a service without threads', { threads: null }, 'ok'],
    ['threads without a balance', { balance: 0 }, 'warning'],
    ['no balance, of a service without threads', { balance: 0, threads: null }, 'failure'],
    ['neither balance nor threads', { balance: 0, threads: threads(0, 0) }, 'failure'],
    ['no threads', { threads: threads(0, 0) }, 'failure'],
    ['every thread in use', { threads: threads(5, 5) }, 'warning'],
    ['a key that is refused', { fault: fault('account'), balance: null, threads: null }, 'failure'],
    ['no answer', { fault: fault('transport'), balance: null, threads: null }, 'skipped'],
  ])('finds %s', (_name, special, status) => {
    expect(checkAccount({ ...answers, ...special }, true).status).toBe(status);
  });

  it('is skipped without a key or a connection', () => {
    expect(checkAccount(answers, false).status).toBe('skipped');
    expect(checkAccount(null, true).status).toBe('skipped');
  });
});
