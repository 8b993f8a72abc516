import { describe, expect } from 'vitest';
import type { Endpoint } from '../../src/protocol/error-codes.ts';
import type { ScriptedFault } from '../../src/sandbox/options.ts';
import { type Bench, it, turnstile } from './support/bench.ts';
import { solution } from './support/secrets.ts';

const statuses = [100, 204, 301, 400, 401, 403, 404, 408, 425, 429, 500, 502, 503, 504];
/** From something that never was the service. */
const strange = ['301', '400', '401', '403', '404'];

/** What becomes of a submission that is struck so. `served` modes let the service take it and spoil the answer. */
const modes: readonly { mode: string; answerLost: boolean; served: boolean }[] = [
  ...statuses.map((status) => ({
    mode: String(status),
    // A gateway's 5xx says nothing about what the service behind it did; 503 and 4xx refuse before any work.
    answerLost: [100, 204, 500, 502, 504].includes(status),
    served: false,
  })),
  ...['reset', 'hang', 'html', 'empty'].map((mode) => ({ mode, answerLost: true, served: false })),
  ...['truncated', 'reset-after'].map((mode) => ({ mode, answerLost: true, served: true })),
];

/** Only a service that hangs is left after a short while: a busy machine must not look like one. */
const timeoutOf = (mode: string | number): string => (mode === 'hang' ? '500ms' : '5s');

interface Outcome {
  readonly status: string;
  readonly reason: string | null;
  readonly captchaId: string | null;
  readonly possiblyCharged: boolean;
}

async function solveAgainst(bench: Bench, fault: ScriptedFault, timeout = '5s') {
  const sandbox = await bench.sandbox();
  sandbox.script(fault);
  const args = ['solve', ...turnstile, '--json', '-v', '--timeout', timeout];
  const config = { api: { timeout: timeoutOf(fault.mode) } };
  const ended = await bench.run(args, { at: sandbox, config });
  expect(ended.durationMs, 'ends in time').toBeLessThan(10_000);
  return { ...ended, stats: sandbox.stats(), outcome: JSON.parse(ended.stdout) as Outcome };
}

describe.concurrent('a submission that is struck by', () => {
  const endpoint: Endpoint = 'submit';

  const passing = modes.filter(({ mode }) => !strange.includes(mode));

  it.for(strange)('%s before anything else was answered ends: the address is wrong', async (mode, { bench }) => {
    const { code, stats, outcome, stderr } = await solveAgainst(bench, { mode, endpoint });
    expect(code).toBe(2);
    expect(outcome).toMatchObject({ reason: 'config', captchaId: null, possiblyCharged: false });
    expect(stderr).toMatch(/answered HTTP \d+.*api\.baseUrl/);
    expect(stats.submissions).toBe(1);
  });

  it.for(passing)('$mode once is made again', async ({ mode, answerLost, served }, { bench }) => {
    const { code, stats, outcome } = await solveAgainst(bench, { mode, endpoint });
    expect(code).toBe(0);
    expect(outcome).toMatchObject({ status: 'solved', solution, possiblyCharged: answerLost });
    expect(stats).toMatchObject({ submissions: 2, duplicates: served ? 1 : 0 });
  });

  it.for(passing)('$mode always is given up after the attempts', async ({ mode, answerLost, served }, { bench }) => {
    const { code, stats, outcome, stderr } = await solveAgainst(bench, { mode, endpoint, times: Infinity });
    expect(code).toBe(4);
    expect(outcome).toMatchObject({ reason: 'attempts-exhausted', captchaId: null, possiblyCharged: answerLost });
    expect(stderr.includes('may have been charged')).toBe(answerLost);
    expect(stats).toMatchObject({ submissions: 3, accepted: served ? 3 : 0 });
  });

  it('plain text instead of JSON is understood', async ({ bench }) => {
    const { code, stats } = await solveAgainst(bench, { mode: 'plain', endpoint, times: Infinity });
    expect({ code, submissions: stats.submissions }).toEqual({ code: 0, submissions: 1 });
  });
});

describe.concurrent('a poll that is struck by', () => {
  const endpoint: Endpoint = 'poll';

  it.for(modes)('$mode twice is repeated on the same id', async ({ mode }, { bench }) => {
    const { code, stats, outcome } = await solveAgainst(bench, { mode, endpoint, times: 2 });
    expect(code).toBe(0);
    expect(outcome).toMatchObject({ status: 'solved', solution, possiblyCharged: false });
    expect(stats).toMatchObject({ submissions: 1, accepted: 1, duplicates: 0 });
  });

  it.for(modes)('$mode always leaves an id behind, which is named', async ({ mode }, { bench }) => {
    const fault = { mode, endpoint, times: Infinity };
    const { code, stats, outcome, stderr } = await solveAgainst(bench, fault, '1500ms');
    expect(code).toBe(4);
    expect(outcome).toMatchObject({ reason: 'deadline-exceeded', possiblyCharged: false });
    expect(stderr).toContain(`captcha result ${outcome.captchaId}`);
    expect(stats).toMatchObject({ submissions: 1, accepted: 1, duplicates: 0 });
  });

  it('plain text instead of JSON is understood', async ({ bench }) => {
    const { code, outcome } = await solveAgainst(bench, { mode: 'plain', endpoint, times: Infinity });
    expect(code).toBe(0);
    expect(outcome).toMatchObject({ solution });
  });
});

describe.concurrent('Retry-After', () => {
  const inAMinute = (): string => new Date(Date.now() + 60_000).toUTCString();
  const rows = [
    { mode: '503', form: 'seconds', retryAfter: () => '60' },
    { mode: '429', form: 'seconds', retryAfter: () => '60' },
    { mode: '429', form: 'a date', retryAfter: inAMinute },
  ];

  it.for(rows)(
    'in $form of a $mode to a submission that ends after the deadline fails the task at once',
    async (row, { bench }) => {
      const fault = { mode: row.mode, endpoint: 'submit', retryAfter: row.retryAfter() } as const;
      const { code, stats, stderr, outcome, durationMs } = await solveAgainst(bench, fault);
      expect(code).toBe(4);
      expect(outcome).toMatchObject({ reason: 'deadline-exceeded', captchaId: null });
      expect(stderr).toMatch(/retry after (5\d(\.\d)?s|1m \d\ds)/);
      expect(stats.submissions).toBe(1);
      expect(durationMs).toBeLessThan(4_000);
    },
  );

  it.for(rows)(
    'in $form of a $mode to a poll that ends after the deadline fails the task at once',
    async (row, { bench }) => {
      const fault = { mode: row.mode, endpoint: 'poll', retryAfter: row.retryAfter() } as const;
      const { code, stats, stderr, outcome, durationMs } = await solveAgainst(bench, fault);
      expect(code).toBe(4);
      expect(stderr).toMatch(/retry after (5\d(\.\d)?s|1m \d\ds)/);
      expect(stderr).toContain(`captcha result ${outcome.captchaId}`);
      expect(stats).toMatchObject({ submissions: 1, polls: 1 });
      expect(durationMs).toBeLessThan(4_000);
    },
  );

  it.for(['submit', 'poll'] as const)('within the deadline is waited for (%s)', async (endpoint, { bench }) => {
    const { code, durationMs } = await solveAgainst(bench, { mode: '503', endpoint, retryAfter: '1' });
    expect(code).toBe(0);
    expect(durationMs).toBeGreaterThan(1_000);
  });
});
