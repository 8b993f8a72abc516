import { describe, expect } from 'vitest';
import type { Endpoint } from '../../src/protocol/error-codes.ts';
import type { ScriptedFault } from '../../src/sandbox/options.ts';
import { type Bench, it, turnstile } from './support/bench.ts';
import { solution } from './support/secrets.ts';
import { firstRows, someOf } from '../support/exhaustive.ts';

const statuses = [100, 204, 301, 400, 401, 403, 404, 408, 425, 429, 500, 502, 503, 504];
/** Answers that never come from the service itself. */
const strange = ['301', '400', '401', '403', '404'];

/** The effect of a fault on a submission. In `served` modes the service accepts it and the answer is corrupted. */
const modes: readonly { mode: string; answerLost: boolean; served: boolean }[] = [
  ...statuses.map((status) => ({
    mode: String(status),
    // A gateway's 5xx does not tell what the service behind it did; 503 and 4xx refuse before any work.
    answerLost: [100, 204, 500, 502, 504].includes(status),
    served: false,
  })),
  ...['reset', 'hang', 'html', 'empty'].map((mode) => ({ mode, answerLost: true, served: false })),
  ...['truncated', 'reset-after'].map((mode) => ({ mode, answerLost: true, served: true })),
];

/** One of each sort. */
const some = someOf(modes, ({ mode }) => ['404', '429', '502', 'hang', 'truncated'].includes(mode));

/** Only a hanging service gets a short timeout: a busy machine must not look like one. */
const timeoutOf = (mode: string | number): string => (mode === 'hang' ? '3s' : '60s');
/** Long enough for a busy machine, and waited for where nothing else ends the task. */
const soon = '4s';

interface Outcome {
  readonly status: string;
  readonly reason: string | null;
  readonly captchaId: string | null;
  readonly possiblyCharged: boolean;
}

async function solveAgainst(
  bench: Bench,
  fault: ScriptedFault,
  timeout = '60s',
  { flags = [], retry = {} }: { flags?: readonly string[]; retry?: object } = {},
) {
  const sandbox = await bench.sandbox();
  sandbox.script(fault);
  const args = ['solve', ...turnstile, '--json', '-v', '--timeout', timeout, ...flags];
  const config = { api: { timeout: timeoutOf(fault.mode) }, retry };
  const ended = await bench.run(args, { at: sandbox, config });
  return { ...ended, stats: sandbox.stats(), outcome: JSON.parse(ended.stdout) as Outcome };
}

describe.concurrent('a submission with the fault', () => {
  const endpoint: Endpoint = 'submit';

  const passing = some.filter(({ mode }) => !strange.includes(mode));

  it.for(someOf(strange, (mode) => mode === '404'))(
    '%s as the first answer ends: the base URL is wrong',
    async (mode, { bench }) => {
      const { code, stats, outcome, stderr } = await solveAgainst(bench, { mode, endpoint });
      expect(code).toBe(2);
      expect(outcome).toMatchObject({ reason: 'config', captchaId: null, possiblyCharged: false });
      expect(stderr).toMatch(/answered HTTP \d+.*api\.baseUrl/);
      expect(stats.submissions).toBe(1);
    },
  );

  it.for(passing)('$mode once is repeated', async ({ mode, answerLost, served }, { bench }) => {
    const { code, stats, outcome } = await solveAgainst(bench, { mode, endpoint });
    expect(code).toBe(0);
    expect(outcome).toMatchObject({ status: 'solved', solution, possiblyCharged: answerLost });
    expect(stats).toMatchObject({ submissions: 2, duplicates: served ? 1 : 0 });
  });

  it.for(passing)('$mode always fails after the last attempt', async ({ mode, answerLost, served }, { bench }) => {
    // Without --fail-fast the task waits for the breaker until its deadline.
    const fault = { mode, endpoint, times: Infinity };
    const { code, stats, outcome, stderr } = await solveAgainst(bench, fault, '60s', { flags: ['--fail-fast'] });
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

describe.concurrent('a poll with the fault', () => {
  const endpoint: Endpoint = 'poll';

  it.for(some)('$mode twice is repeated for the same id', async ({ mode }, { bench }) => {
    const { code, stats, outcome } = await solveAgainst(bench, { mode, endpoint, times: 2 });
    expect(code).toBe(0);
    expect(outcome).toMatchObject({ status: 'solved', solution, possiblyCharged: false });
    expect(stats).toMatchObject({ submissions: 1, accepted: 1, duplicates: 0 });
  });

  it.for(some)('$mode always leaves an id, which is named', async ({ mode }, { bench }) => {
    const fault = { mode, endpoint, times: Infinity };
    const { code, stats, outcome, stderr } = await solveAgainst(bench, fault, soon);
    expect(code).toBe(4);
    expect(outcome).toMatchObject({ reason: 'deadline-exceeded', possiblyCharged: false });
    expect(stderr).toMatch(new RegExp(`captcha --config \\S+ result ${outcome.captchaId}`));
    expect(stats).toMatchObject({ submissions: 1, accepted: 1, duplicates: 0 });
  });

  it('plain text instead of JSON is understood', async ({ bench }) => {
    const { code, outcome } = await solveAgainst(bench, { mode: 'plain', endpoint, times: Infinity });
    expect(code).toBe(0);
    expect(outcome).toMatchObject({ solution });
  });
});

describe.concurrent('Retry-After', () => {
  const inAnHour = (): string => new Date(Date.now() + 3_600_000).toUTCString();
  const rows = [
    { mode: '503', form: 'seconds', retryAfter: () => '3600' },
    { mode: '429', form: 'seconds', retryAfter: () => '3600' },
    { mode: '429', form: 'a date', retryAfter: inAnHour },
  ];
  /** Before Retry-After, and later than any process may end here: had it waited, the test would fail. */
  const deadline = '30m';
  const longWait = /retry after (59m \d\ds|1h 00m)/;
  const retry = { maxRetryAfter: '2h' };

  firstRows(it).for(rows)(
    'in $form of a $mode to a submission fails the task at once if it ends after the deadline',
    async (row, { bench }) => {
      const fault = { mode: row.mode, endpoint: 'submit', retryAfter: row.retryAfter() } as const;
      const { code, stats, stderr, outcome } = await solveAgainst(bench, fault, deadline, { retry });
      expect(code).toBe(4);
      expect(outcome).toMatchObject({ reason: 'deadline-exceeded', captchaId: null });
      expect(stderr).toMatch(longWait);
      expect(stats.submissions).toBe(1);
    },
  );

  firstRows(it).for(rows)(
    'in $form of a $mode to a poll fails the task at once if it ends after the deadline',
    async (row, { bench }) => {
      const fault = { mode: row.mode, endpoint: 'poll', retryAfter: row.retryAfter() } as const;
      const { code, stats, stderr, outcome } = await solveAgainst(bench, fault, deadline, { retry });
      expect(code).toBe(4);
      expect(stderr).toMatch(longWait);
      expect(stderr).toMatch(new RegExp(`captcha --config \\S+ result ${outcome.captchaId}`));
      expect(stats).toMatchObject({ submissions: 1, polls: 1 });
    },
  );

  it('is cut to retry.maxRetryAfter, which is said once, and an absurd one is none', async ({ bench }) => {
    const cut = { retry: { maxRetryAfter: '100ms' } };
    const fault = { mode: '429', endpoint: 'submit', times: 2, retryAfter: '3600' } as const;
    const long = await solveAgainst(bench, fault, '60s', cut);
    expect(long).toMatchObject({ code: 0, outcome: { status: 'solved' } });
    expect(long.stderr.match(/asks to wait 1h 00m \(Retry-After\); captcha waits 100ms at most/g)).toHaveLength(1);
    const seconds = String(Math.round(Date.now() / 1_000));
    const absurd = await solveAgainst(bench, { ...fault, retryAfter: seconds }, '60s', cut);
    expect(absurd).toMatchObject({ code: 0, outcome: { status: 'solved' } });
    expect(absurd.stderr).not.toContain('Retry-After');
  });

  it.for(['submit', 'poll'] as const)('within the deadline is waited for (%s)', async (endpoint, { bench }) => {
    const { code, durationMs } = await solveAgainst(bench, { mode: '503', endpoint, retryAfter: '1' });
    expect(code).toBe(0);
    expect(durationMs).toBeGreaterThan(1_000);
  });
});
