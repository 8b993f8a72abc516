import { describe, expect } from 'vitest';
import type { SandboxOptions } from '../../src/sandbox/options.ts';
import { it, turnstile } from './support/bench.ts';

const code = 'ERROR_ZERO_BALANCE';
const solve = ['solve', ...turnstile, '--json', '--timeout', '20s'];
const fullHouse: SandboxOptions = {
  threads: 1,
  quirks: ['zero-balance-when-full'],
  latencyMs: [600_000, 600_000],
};

/** A submission that uses the only thread. */
async function occupy({ url }: { url: string }): Promise<void> {
  const form = { key: 'other', json: '1', method: 'turnstile', sitekey: 'other', pageurl: 'https://example.com' };
  await fetch(`${url}/in.php`, { method: 'POST', body: new URLSearchParams(form) });
}

describe.concurrent('ERROR_ZERO_BALANCE', () => {
  it('means that every thread is busy, if the service confirms it: try later', async ({ bench }) => {
    const sandbox = await bench.sandbox(fullHouse);
    await occupy(sandbox);
    const ended = await bench.run(solve, { at: sandbox });
    expect(ended.code).toBe(4);
    expect(JSON.parse(ended.stdout)).toMatchObject({ reason: 'deadline-exceeded', code, possiblyCharged: false });
    expect(ended.stderr).toMatch(/Every thread is busy \(1 of 1\)/);
    expect(sandbox.stats().submissions).toBeGreaterThan(1);
  });

  it('is an account error if there is no balance and threads are free', async ({ bench }) => {
    const sandbox = await bench.sandbox({ balance: 0 });
    const ended = await bench.run(solve, { at: sandbox });
    expect(ended.code).toBe(3);
    expect(JSON.parse(ended.stdout)).toMatchObject({ reason: 'account', code });
    expect(ended.stderr).toMatch(/Top up/);
    // The submission, and one request about the threads.
    expect(sandbox.stats()).toMatchObject({ requests: 2, submissions: 1 });
  });

  it.for([
    { balance: 5, exitCode: 4, means: 'that all threads are busy if there is balance' },
    { balance: 0, exitCode: 3, means: 'the account if there is none' },
  ])('is $means if the threads are not reported', async ({ balance, exitCode }, { bench }) => {
    const sandbox = await bench.sandbox({ balance });
    sandbox.script({ mode: code, endpoint: 'submit', times: Infinity });
    sandbox.script({ mode: 'ERROR_EMPTY_ACTION', endpoint: 'poll' });
    expect(await bench.run([...solve, '--fail-fast'], { at: sandbox })).toMatchObject({ code: exitCode });
    expect(sandbox.stats()).toMatchObject({ submissions: 1, requests: 3 });
  });

  it('is an account error if the service does not answer the request', async ({ bench }) => {
    const sandbox = await bench.sandbox();
    sandbox.script({ mode: code, endpoint: 'submit', times: Infinity });
    sandbox.script({ mode: 502, endpoint: 'poll', times: Infinity });
    const ended = await bench.run(solve, { at: sandbox });
    expect(ended.code).toBe(3);
    expect(sandbox.stats().submissions).toBe(1);
  });

  it('has the kind that the configuration sets', async ({ bench }) => {
    const sandbox = await bench.sandbox({ balance: 0 });
    const config = { errors: { [code]: 'throttled' } };
    const ended = await bench.run(solve, { at: sandbox, config });
    expect(ended.code).toBe(4);
    expect(sandbox.stats()).toMatchObject({ requests: 3, submissions: 3 });
  });
});
