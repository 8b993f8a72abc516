import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { problemsOf } from '../../src/config/cross-checks.ts';
import { configSchema } from '../../src/config/schema.ts';

/** A config with one value at a dotted path. */
function configWith(path: string, value: unknown): unknown {
  return path.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);
}

function problemsWith(path: string, value: unknown): string[] {
  const issues = v.safeParse(configSchema, configWith(path, value)).issues ?? [];
  return problemsOf(issues).map(({ path: where, problem }) => `${where}: ${problem}`);
}

describe('an empty configuration', () => {
  it('is the documented defaults', () => {
    expect(v.parse(configSchema, {})).toEqual({
      api: {
        baseUrl: 'https://ocr.captchaai.com',
        allowHttp: false,
        keyEnv: 'CAPTCHAAI_API_KEY',
        keyFile: null,
        keyCommand: null,
        timeoutMs: 30_000,
        syncImages: 'auto',
        connections: 64,
      },
      solve: { timeoutMs: 300_000 },
      polling: { firstWaitMs: 'auto', intervalMs: 5_000, methods: {} },
      retry: {
        maxAttempts: 3,
        strategy: 'full-jitter',
        baseDelayMs: 1_000,
        maxDelayMs: 30_000,
        maxRetryAfterMs: 60_000,
        maxUnsolvable: 3,
      },
      budget: {
        scope: 'host',
        ratio: 0.1,
        minRetriesPerSecond: 0.2,
        maxRetriesPerSecond: 10,
        burst: 10,
        onExhausted: 'auto',
        fleetShare: 0.1,
      },
      limits: { submissions: [], labels: {} },
      breaker: {
        failureRatio: 0.5,
        minimumThroughput: 10,
        consecutiveFailures: 5,
        samplingDurationMs: 30_000,
        breakDurationMs: 5_000,
        maxBreakDurationMs: 60_000,
      },
      batch: { concurrency: 'auto', maxFailures: null },
      worker: {
        concurrency: 'auto',
        healthHost: '127.0.0.1',
        healthPort: 8080,
        drainTimeoutMs: 100_000,
        exitWhenIdleMs: null,
      },
      regions: [],
      routes: { default: null, countries: true, rules: [] },
      results: null,
      fleet: { state: null },
      health: { intervalMs: 60_000, timeoutMs: 5_000, fall: 3, rise: 2 },
      failover: { strategy: 'spread', onAllDown: 'hold', rampMs: 60_000 },
      errors: {},
      policy: { allow: [], deny: [] },
    });
  });
});

describe('a value is read', () => {
  it.each([
    ['solve.timeout', '250ms', { solve: { timeoutMs: 250 } }],
    ['solve.timeout', '1.5m', { solve: { timeoutMs: 90_000 } }],
    ['polling.firstWait', '0s', { polling: { firstWaitMs: 0 } }],
    ['polling.methods.turnstile', {}, { polling: { methods: { turnstile: { firstWaitMs: null, intervalMs: null } } } }],
    ['polling.methods.x.firstWait', '1s', { polling: { methods: { x: { firstWaitMs: 1_000, intervalMs: null } } } }],
    ['batch.concurrency', 7, { batch: { concurrency: 7 } }],
    ['batch.maxFailures', 20, { batch: { maxFailures: { count: 20 } } }],
    ['batch.maxFailures', '5%', { batch: { maxFailures: { ratio: 0.05 } } }],
    ['budget.ratio', null, { budget: { ratio: null } }],
    ['budget.scope', 'rediss://:pw@redis:6379/3', { budget: { scope: 'rediss://:pw@redis:6379/3' } }],
    ['breaker.failureRatio', null, { breaker: { failureRatio: null } }],
    ['breaker.consecutiveFailures', null, { breaker: { consecutiveFailures: null } }],
    ['failover.ramp', null, { failover: { rampMs: null } }],
    ['worker.exitWhenIdle', '5m', { worker: { exitWhenIdleMs: 300_000 } }],
    ['api.baseUrl', 'https://proxy.example.com/captcha//', { api: { baseUrl: 'https://proxy.example.com/captcha' } }],
    ['api.baseUrl', 'https://Example.com', { api: { baseUrl: 'https://example.com' } }],
    ['errors.ERROR_ZERO_BALANCE', 'throttled', { errors: { ERROR_ZERO_BALANCE: 'throttled' } }],
    ['results', 'sqs://captcha-results', { results: 'sqs://captcha-results' }],
    [
      'regions',
      [{ name: 'a', params: { score: 0.3, proxytype: 'HTTP' } }],
      {
        regions: [
          {
            name: 'a',
            location: null,
            health: null,
            queue: null,
            weight: 1,
            residency: null,
            params: { score: '0.3', proxytype: 'HTTP' },
          },
        ],
      },
    ],
    [
      'routes.rules',
      [{ match: '*.de', region: 'a' }],
      { routes: { rules: [{ match: '*.de', region: 'a', residency: null }] } },
    ],
  ])('%s: %j', (path, value, expected) => {
    expect(v.parse(configSchema, configWith(path, value))).toMatchObject(expected);
  });
});

describe('a value is rejected', () => {
  it.each([
    ['solve.timeout', 60, '60 is not a duration: did you mean 60s?'],
    ['solve.timeout', '60', '60 is not a duration: did you mean 60s?'],
    ['solve.timeout', '5 minutes', 'must be a duration such as 250ms, 5s, 2m or 1h, not "5 minutes"'],
    ['solve.timeout', '-5s', 'must be a duration such as 250ms, 5s, 2m or 1h, not "-5s"'],
    ['solve.timeout', null, 'must be a duration such as 250ms, 5s, 2m or 1h, not null'],
    ['solve.timeout', '0s', 'must be at least 1ms'],
    ['solve.timeout', '0', 'must be at least 1ms'],
    ['solve.timeout', 9_999_999, 'must be at most 596h'],
    ['policy', [], 'must be an object, not a list'],
    ['policy', ['*.example.com'], 'must be an object, not a list'],
    ['errors', [], 'must be an object, not a list'],
    ['solve.timeout', '600h', 'must be at most 596h'],
    ['polling.firstWait', 5, '5 is not a duration: did you mean 5s? (or auto)'],
    ['retry.maxAttempts', null, 'must be a whole number of at least 1, not null'],
    ['retry.maxAttempts', 0, 'must be a whole number of at least 1, not 0'],
    ['retry.maxAttempts', 1.5, 'must be a whole number of at least 1, not 1.5'],
    [
      'retry.strategy',
      'jitter',
      'must be one of none, fixed, linear, exponential, full-jitter, decorrelated-jitter, not "jitter"',
    ],
    ['retry.strategy', 'equal-jitter', expect.stringContaining('must be one of none')],
    ['budget.ratio', 1.1, 'must be a ratio from 0 to 1, not 1.1 (or null)'],
    ['budget.ratio', '10%', 'must be a ratio from 0 to 1, not "10%" (or null)'],
    ['budget.fleetShare', null, 'must be a ratio from 0 to 1, not null'],
    ['budget.maxRetriesPerSecond', 0, 'must be a number above 0, not 0'],
    ['budget.minRetriesPerSecond', -1, 'must be a number of at least 0, not -1'],
    ['budget.scope', 'http://x', 'must be process, host, or a redis:// or rediss:// URL'],
    ['batch.concurrency', 0, 'must be a whole number of at least 1, not 0 (or auto)'],
    ['batch.concurrency', 'many', 'must be a whole number of at least 1, not "many" (or auto)'],
    ['batch.maxFailures', '101%', 'must be a whole number of at least 1 or a percentage such as "5%" (or null)'],
    ['worker.healthPort', 65_536, 'must be a whole number from 0 to 65535, not 65536'],
    ['routes.countries', 'yes', 'must be true or false, not "yes"'],
    ['results', 'https://example.com', expect.stringContaining('must be a queue')],
    ['policy.allow', '*.example.com', 'must be a list of host patterns, not "*.example.com"'],
    ['solve', null, 'must be an object, not null'],
    [
      'api.keyEnv',
      'd41d8cd98f00b204e9800998ecf8427e',
      expect.stringContaining('must be the name of an environment variable'),
    ],
  ])('%s: %j', (path, value, problem: unknown) => {
    expect(v.safeParse(configSchema, configWith(path, value)).issues?.[0]?.message).toEqual(problem);
    expect(problemsWith(path, value)[0]).toMatch(new RegExp(`^${path}: `));
  });

  it.each([
    ['https://user:pw@example.com'],
    ['https://example.com/?a=1'],
    ['https://example.com/#a'],
    ['ftp://example.com'],
    ['example.com'],
    ['https://'],
  ])('as a base URL, without being shown: %s', (value) => {
    expect(problemsWith('api.baseUrl', value)).toEqual([
      'api.baseUrl: must be an http:// or https:// URL without user, password, query or fragment',
    ]);
  });

  it.each(['/in.php', '/res.php/', '/captcha/solve.php'])('without an endpoint at its end: %s', (path) => {
    expect(problemsWith('api.baseUrl', `https://example.com${path}`)).toEqual([
      'api.baseUrl: must be the base URL of the service, without /in.php at its end',
    ]);
  });

  it.each([
    [{ region: 'a' }, 'routes.rules[0].match: is required'],
    [{ match: 'a.de', region: 'a', residency: 'lax' }, 'routes.rules[0].residency: must be one of strict, not "lax"'],
  ])('in a rule: %j', (rule, problem) => {
    expect(problemsWith('routes.rules', [rule])).toEqual([problem]);
  });

  it.each([
    [{ location: [91, 0] }, 'regions[0].location[0]: must be a number of degrees from -90 to 90, not 91'],
    [{ location: [1, 2, 3] }, 'regions[0].location[2]: must be [latitude, longitude] in degrees, not 3'],
    [{ health: '10.0.0.5' }, 'regions[0].health: must be an http:// or https:// URL'],
    [{ queue: 'amqp://u:pw@q' }, expect.stringMatching(/^regions\[0\]\.queue: must be a queue/)],
    [{ params: { key: 'x' } }, expect.stringContaining('regions[0].params.key: is set by captcha')],
    [{ params: { proxy: ['u:pw@h'] } }, 'regions[0].params.proxy: must be a string, a number, true or false'],
  ])('in a region: %j', (region, problem: unknown) => {
    expect(problemsWith('regions', [{ name: 'a', ...region }])[0]).toEqual(problem);
  });
});

describe('an unknown key', () => {
  it.each([
    ['retry.maxAttempt', 'retry.maxAttempt: unknown key; did you mean maxAttempts?'],
    ['solve.timeoutMs', 'solve.timeoutMs: unknown key; did you mean timeout?'],
    ['retrys', 'retrys: unknown key; did you mean retry?'],
    ['fleet.zzzzzzzzzzzz', 'fleet.zzzzzzzzzzzz: unknown key; known keys: state'],
  ])('%s is rejected with a suggestion', (path, problem: unknown) => {
    expect(problemsWith(path, 'x')).toEqual([problem]);
  });

  it('does not hide further ones', () => {
    const issues = v.safeParse(configSchema, { solve: { a: 1, b: 2 }, c: 3 }).issues ?? [];
    expect(problemsOf(issues).map(({ path }) => path)).toEqual(['solve.a', 'solve.b', 'c']);
  });

  it('for the API key is rejected with the right place for it, without showing the key', () => {
    const [problem] = problemsWith('api.key', 'd41d8cd98f00b204');
    expect(problem).toContain('set CAPTCHAAI_API_KEY');
    expect(problem).not.toContain('d41d8cd98f00b204');
  });
});

describe('a host pattern', () => {
  it.each(['*', '*.example.com', '.example.com', 'example.com', 'xn--e1afmkfd.xn--p1ai', '127.0.0.1'])(
    'may be %s',
    (pattern) => expect(problemsWith('policy.deny', [pattern])).toEqual([]),
  );

  it.each(['exam*.com', '*example.com', 'https://example.com', 'example.com:443', 'example.com/path', '', '*.'])(
    'is rejected if it would match nothing: %s',
    (pattern) => expect(problemsWith('policy.deny', [pattern])).toHaveLength(1),
  );
});
