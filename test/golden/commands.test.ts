import { describe } from 'vitest';
import { it, transcript } from './support/golden.ts';

const embedded = { config: null };
/** Waits that a sandbox which solves at once does not need. */
const quick = { polling: { firstWait: '0ms', interval: '20ms' }, retry: { baseDelay: '1ms', maxDelay: '2ms' } };

describe.concurrent('one task', () => {
  it.for([
    ['solve/solved', '--sandbox solve TASK --json'],
    ['solve/solved-text', '--sandbox solve TASK'],
    [
      'solve/structured',
      '--sandbox solve --method geetest --sitekey 81dc --param challenge=c4 --pageurl https://a.de --json',
    ],
    ['solve/no-submit', '--sandbox solve TASK --no-submit --json'],
    ['solve/no-submit-text', '--sandbox solve TASK --no-submit'],
    ['solve/rejected', '--sandbox solve --method nonsense --sitekey 0x4 --pageurl https://example.com --json'],
    ['solve/rejected-text', '--sandbox solve --method nonsense --sitekey 0x4 --pageurl https://example.com'],
    ['solve/usage', '--sandbox solve --method turnstile --pageurl https://example.com --json'],
    ['solve/unknown-flag', '--sandbox solve --sitkey 0x4'],
    ['solve/verbose', '--sandbox --log-format json -v solve TASK --json'],
    ['solve/via-queues', '--sandbox solve TASK --via queues --json'],
  ] as const)('%s', async ([name, line], { golden }) => {
    await golden.compareRun(name, line, embedded);
  });

  it('whose attempts are used up', async ({ golden }) => {
    const at = await golden.startSandbox('--fault submit/503:1');
    const line = 'solve TASK --max-attempts 2 --fail-fast --json';
    await golden.compareRun('solve/attempts-exhausted', line, { at, config: quick });
  });

  it('that is unsolvable', async ({ golden }) => {
    const at = await golden.startSandbox('--fault poll/ERROR_CAPTCHA_UNSOLVABLE:1');
    await golden.compareRun('solve/unsolvable', 'solve TASK --max-attempts 1 --json', { at, config: quick });
  });

  it('for which there is no key, or a wrong one', async ({ golden }) => {
    const at = await golden.startSandbox('--key another-key-that-is-32-characters');
    await golden.compareRun('solve/wrong-key', 'solve TASK --json', { at, config: quick });
    const without = { at, config: quick, env: { CAPTCHAAI_API_KEY: undefined } };
    await golden.compareRun('solve/no-key', 'solve TASK --json', without);
  });

  it('for a budget that has nothing left', async ({ golden }) => {
    const at = await golden.startSandbox('--fault submit/503:1');
    const budget = { burst: 1, minRetriesPerSecond: 0, ratio: 0, maxRetriesPerSecond: 0.001, onExhausted: 'fail' };
    const config = { ...quick, budget };
    await golden.compareRun('solve/budget-exhausted', 'solve TASK --json', { at, config });
  });
});

describe.concurrent('the account', () => {
  it.for([
    ['account/balance', '--sandbox balance --json'],
    ['account/balance-text', '--sandbox balance'],
    ['account/balance-below', '--sandbox balance --min 1000 --json'],
    ['account/threads', '--sandbox threads --json'],
    ['account/threads-text', '--sandbox threads'],
    ['account/report-unknown', '--sandbox report bad 42 43 --json'],
    ['account/result-unknown', '--sandbox result 42 --json'],
    ['account/result-unknown-text', '--sandbox result 42'],
  ] as const)('%s', async ([name, line], { golden }) => {
    await golden.compareRun(name, line, embedded);
  });

  it('after a solve: its result and a report', async ({ golden }) => {
    const at = await golden.startSandbox();
    const usage = { at, config: quick };
    const solved = await golden.run('solve TASK --json', usage);
    const { captchaId } = JSON.parse(solved.stdout) as { captchaId: string };
    await golden.compareRun('account/result', `result ${captchaId} --json`, usage);
    await golden.compareRun('account/result-text', `result ${captchaId}`, usage);
    await golden.compareRun('account/report', `report good ${captchaId} --json`, usage);
  });
});

describe.concurrent('what is decided without a service', () => {
  it.for([
    ['config/schema', 'config schema'],
    ['config/show-text', 'config show'],
    ['config/show', 'config show --json'],
    ['config/validate', 'config validate'],
    ['config/validate-json', 'config validate --json'],
    ['simulate/text', 'simulate --seed 7 --clients 20 --outage 20s --duration 150s'],
    ['simulate/report', 'simulate --seed 7 --clients 20 --outage 20s --duration 150s --json'],
    ['simulate/advise', 'simulate --advise --rate 2/s --outage 20s --json'],
    ['usage/nothing', ''],
    ['usage/unknown-command', 'slove'],
    ['usage/version', '--version'],
  ] as const)('%s', async ([name, line], { golden }) => {
    await golden.compareRun(name, line, { form: 'exact' });
  });

  it('a configuration that is wrong', async ({ golden }) => {
    const config = { retry: { maxAttempts: null, baseDelay: '60' }, bugdet: {}, regions: [{ name: 'a', queue: 'x:' }] };
    await golden.compareRun('config/invalid', 'config validate', { config, form: 'exact' });
    await golden.compareRun('config/invalid-json', 'config validate --json', { config, form: 'exact' });
  });
});

describe('the sandbox', () => {
  it('says where it listens, and ends on a signal', async ({ golden }) => {
    const running = await golden.bench.start(['sandbox', '--port', '0'], { config: null });
    await running.said(/export CAPTCHAAI_API_KEY=.*\n/);
    running.signal('SIGTERM');
    await golden.compare('sandbox/started', transcript(await running.ended));
  });
});
