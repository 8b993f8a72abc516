import { describe, expect } from 'vitest';
import type { FaultKind } from '../../src/domain/fault.ts';
import { type Endpoint, knownErrorCodes } from '../../src/protocol/error-codes.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { type Bench, it, turnstile } from './support/bench.ts';
import { solution } from './support/secrets.ts';
import { onePer } from '../support/exhaustive.ts';

/** Shorter than the minimum wait of any code, so that a throttled task ends at once. */
const solve = ['solve', ...turnstile, '--json', '--timeout', '4500ms'];

interface Outcome {
  readonly reason: string;
  readonly code: string | null;
  readonly captchaId: string | null;
  readonly possiblyCharged: boolean;
}

/** Makes the service answer every request of one kind with a code. */
async function solveAgainst(bench: Bench, code: string, endpoint: Endpoint, flags: readonly string[] = []) {
  const sandbox = await bench.sandbox();
  sandbox.script({ mode: code, endpoint, times: Infinity });
  const ended = await bench.run([...solve, ...flags], { at: sandbox });
  return { ...ended, sandbox, outcome: JSON.parse(ended.stdout) as Outcome };
}

const exitCodes: Record<FaultKind, number> = {
  rejected: 1,
  unsolvable: 1,
  account: 3,
  config: 2,
  local: 74,
  throttled: 4,
  transport: 4,
  timeout: 4,
};

describe.concurrent('a submission that gets a no-slot answer', () => {
  it('is repeated when a thread may be free', async ({ bench }) => {
    const sandbox = await bench.sandbox();
    sandbox.script({ mode: 'ERROR_NO_SLOT_AVAILABLE', endpoint: 'submit' });
    const { code, stdout, stderr } = await bench.run(['solve', ...turnstile, '--timeout', '2m'], { at: sandbox });
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${solution}\n` });
    expect(stderr).toContain('waiting for a free thread');
    expect(sandbox.stats().submissions).toBe(2);
  });
});

describe.concurrent('a submission that always gets', () => {
  const reasons: Record<FaultKind, string> = {
    rejected: 'rejected',
    unsolvable: 'unsolvable',
    account: 'account',
    config: 'config',
    local: 'local',
    throttled: 'deadline-exceeded',
    transport: 'attempts-exhausted',
    timeout: 'attempts-exhausted',
  };
  const isRetried = (kind: FaultKind): boolean => kind === 'transport' || kind === 'unsolvable';

  it.for(onePer(knownErrorCodes(), ({ kind }) => kind))(
    '$code ends by its kind, $kind',
    async ({ code, kind, maxResubmissions, threadsFull }, { bench }) => {
      // Without --fail-fast the task waits for a thread or the breaker until its deadline. Every wait that a code asks for is longer.
      const flags = ['--fail-fast', '--timeout', '2500ms'];
      const { code: exitCode, stderr, outcome, sandbox } = await solveAgainst(bench, code, 'submit', flags);
      const reason = threadsFull ? 'attempts-exhausted' : reasons[kind];
      expect(exitCode).toBe(exitCodes[kind]);
      expect(outcome).toMatchObject({ reason, code, captchaId: null, possiblyCharged: false });
      expect(stderr).toContain(code);
      expect(stderr).not.toMatch(/captcha .*result \d/);
      const submissions = isRetried(kind) ? (maxResubmissions ?? 2) + 1 : 1;
      expect(sandbox.stats()).toMatchObject({ submissions, accepted: 0, polls: 0 });
    },
  );

  it('an unknown code is repeated once', async ({ bench }) => {
    const { code, outcome, sandbox } = await solveAgainst(bench, 'ERROR_OF_TOMORROW', 'submit');
    expect(code).toBe(1);
    expect(outcome).toMatchObject({ reason: 'rejected', code: 'ERROR_OF_TOMORROW', captchaId: null });
    expect(sandbox.stats()).toMatchObject({ submissions: 2, accepted: 0 });
  });
});

function expectIdIsNamed(stderr: string, { captchaId }: Outcome, sandbox: Sandbox): void {
  expect(captchaId).toMatch(/^\d+$/);
  expect(stderr).toMatch(new RegExp(`captcha --config \\S+ result ${captchaId}`));
  expect(sandbox.stats()).toMatchObject({ submissions: 1, accepted: 1, duplicates: 0 });
}

describe.concurrent('a poll that always gets', () => {
  const codes = knownErrorCodes().map(({ pollKind, kind, ...row }) => ({ ...row, kind: pollKind ?? kind }));
  const [givenUp, alive] = [true, false].map((is) => codes.filter(({ kind }) => (kind === 'unsolvable') === is));

  it.for(onePer(alive!, ({ kind }) => kind))(
    '$code ($kind) is not paid for again, and its id is named',
    async ({ code, kind }, { bench }) => {
      const { code: exitCode, stderr, outcome, sandbox } = await solveAgainst(bench, code, 'poll');
      expect(exitCode).toBe(exitCodes[kind]);
      const isFinal = kind === 'account' || kind === 'rejected';
      expect(outcome).toMatchObject(isFinal ? { reason: kind, code } : { reason: 'deadline-exceeded' });
      expectIdIsNamed(stderr, outcome, sandbox);
    },
  );

  it('an unknown code is not paid for again, and its id is named', async ({ bench }) => {
    const { code, stderr, outcome, sandbox } = await solveAgainst(bench, 'ERROR_OF_TOMORROW', 'poll');
    expect(code).toBe(1);
    expectIdIsNamed(stderr, outcome, sandbox);
  });

  it.for(onePer(givenUp!, ({ kind }) => kind))(
    '$code, which means that the id is lost, is resubmitted',
    async ({ code, maxResubmissions }, { bench }) => {
      const { code: exitCode, stderr, outcome, sandbox } = await solveAgainst(bench, code, 'poll');
      expect(exitCode).toBe(1);
      expect(outcome).toMatchObject({ reason: 'unsolvable', code, captchaId: null });
      expect(stderr).not.toMatch(/captcha .*result \d/);
      expect(sandbox.stats().submissions).toBe((maxResubmissions ?? 2) + 1);
    },
  );

  it('CAPCHA_NOT_READY is repeated until the timeout', async ({ bench }) => {
    const { code, stderr, outcome, sandbox } = await solveAgainst(bench, 'CAPCHA_NOT_READY', 'poll');
    expect(code).toBe(4);
    expect(outcome.reason).toBe('deadline-exceeded');
    expectIdIsNamed(stderr, outcome, sandbox);
    expect(sandbox.stats().polls).toBeGreaterThan(5);
  });
});
