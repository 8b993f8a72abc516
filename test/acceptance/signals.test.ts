import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { type Bench, it, turnstile } from './support/bench.ts';
import { bin, type Running } from './support/running.ts';
import { solution } from './support/secrets.ts';

const solve = ['solve', ...turnstile, '-v'];
/** Longer than two signals are held to be one. */
const afterwardsMs = 400;

/** Starts to solve what takes `latencyMs`, and waits until it is paid for. */
async function paidFor(
  bench: Bench,
  latencyMs: number,
  flags: readonly string[] = [],
): Promise<Running & { id: string }> {
  const sandbox = await bench.sandbox({ latencyMs: [latencyMs, latencyMs] });
  const running = await bench.start([...solve, ...flags], { at: sandbox });
  await running.said(/accepted as \d+/);
  return Object.assign(running, { id: /accepted as (\d+)/.exec(running.stderr)![1]! });
}

describe.concurrent('the first signal to captcha solve', () => {
  it.for(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s while it polls: polls on, prints what was paid for, and ends by the signal',
    async (signal, { bench }) => {
      const running = await paidFor(bench, 1_000);
      running.signal(signal);
      await running.said(/still polled/);
      expect(running.stderr).toContain(`captcha result ${running.id}`);
      expect(await running.ended).toMatchObject({ code: null, signal, stdout: `${solution}\n` });
    },
  );

  it('while it polls what is not solved in time: names the id in the end', async ({ bench }) => {
    const running = await paidFor(bench, 20_000, ['--timeout', '1500ms']);
    running.signal('SIGINT');
    const { signal, stdout, stderr } = await running.ended;
    expect({ signal, stdout }).toEqual({ signal: 'SIGINT', stdout: '' });
    expect(stderr.trimEnd().split('\n').at(-1)).toContain(`captcha result ${running.id}`);
  });

  it('while it waits for a retry: submits no more and ends at once', async ({ bench }) => {
    const sandbox = await bench.sandbox();
    sandbox.script({ mode: 503, endpoint: 'submit', times: Infinity, retryAfter: '4' });
    const running = await bench.start(solve, { at: sandbox });
    await running.said(/retrying in/);
    running.signal('SIGINT');
    const { signal, stdout, stderr, durationMs } = await running.ended;
    expect({ signal, stdout }).toEqual({ signal: 'SIGINT', stdout: '' });
    expect(stderr).toMatch(/not solved \(cancelled\)/);
    expect(durationMs).toBeLessThan(3_500);
    expect(sandbox.stats().submissions).toBe(1);
  });

  it('while its submission is on the way: waits for the answer, and polls what was accepted', async ({ bench }) => {
    let polls = 0;
    let accept = (): void => undefined;
    const accepted = new Promise<void>((resolve) => (accept = resolve));
    const service = await bench.service(async ({ url }) => {
      if (url === '/in.php') {
        await accepted;
        return { body: '{"status":1,"request":"77"}' };
      }
      polls += 1;
      return { body: JSON.stringify({ status: 1, request: solution }) };
    });
    const running = await bench.start(solve, { at: service });
    await running.said(/submitting/);
    await sleep(200);
    running.signal('SIGINT');
    await running.said(/stopping/);
    accept();
    expect(await running.ended).toMatchObject({ signal: 'SIGINT', stdout: `${solution}\n` });
    expect(polls).toBe(1);
  });

  it('while its submission is never answered: is not made again', async ({ bench }) => {
    const sandbox = await bench.sandbox();
    sandbox.script({ mode: 'hang', endpoint: 'submit', times: Infinity });
    const running = await bench.start(solve, { at: sandbox, config: { api: { timeout: '1s' } } });
    await running.said(/submitting/);
    await sleep(200);
    running.signal('SIGINT');
    expect(await running.ended).toMatchObject({ signal: 'SIGINT', stdout: '' });
    expect(sandbox.stats().submissions).toBe(1);
  });

  it('is seen by a shell as 130 (SIGINT) and 143 (SIGTERM)', async ({ bench }) => {
    const sandbox = await bench.sandbox({ latencyMs: [600, 600] });
    const config = await bench.write('shell.json', { polling: { firstWait: '0ms', interval: '20ms' } });
    const shells = ['INT', 'TERM'].map((signal) => {
      const command = `"$@" 2>err-${signal} & until grep -q accepted err-${signal}; do sleep 0.02; done; kill -${signal} $!; wait $!; echo $?`;
      const captcha = [process.execPath, bin, '--config', config, ...solve];
      // Job control keeps the shell from making a background process deaf to SIGINT.
      return bench.startOther('sh', ['-mc', command, 'sh', ...captcha], { at: sandbox }).ended;
    });
    const ended = await Promise.all(shells);
    expect(ended.map(({ stdout }) => stdout)).toEqual([`${solution}\n130\n`, `${solution}\n143\n`]);
  });
});

describe.concurrent('a second signal to captcha solve', () => {
  it.for(['SIGINT', 'SIGTERM'] as const)('%s leaves at once and names the id', async (second, { bench }) => {
    const running = await paidFor(bench, 15_000);
    running.signal('SIGINT');
    await running.said(/still polled/);
    await sleep(afterwardsMs);
    const sentAtMs = performance.now();
    running.signal(second);
    const { signal, stdout, stderr } = await running.ended;
    expect({ signal, stdout }).toEqual({ signal: second, stdout: '' });
    expect(stderr.trimEnd().split('\n').at(-1)).toContain(`captcha result ${running.id}`);
    expect(performance.now() - sentAtMs).toBeLessThan(2_000);
  });

  it('within 300 ms is the same one', async ({ bench }) => {
    const running = await paidFor(bench, 1_500);
    running.signal('SIGINT');
    await sleep(100);
    running.signal('SIGINT');
    expect(await running.ended).toMatchObject({ signal: 'SIGINT', stdout: `${solution}\n` });
  });
});

describe.concurrent('a signal to other commands', () => {
  it('ends captcha balance, which has nothing to lose, at once', async ({ bench }) => {
    const sandbox = await bench.sandbox();
    sandbox.script({ mode: 'hang', times: Infinity });
    const running = await bench.start(['balance'], { at: sandbox });
    while (sandbox.stats().requests === 0) await sleep(20);
    running.signal('SIGINT');
    expect(await running.ended).toMatchObject({ code: null, signal: 'SIGINT', stdout: '' });
  });

  it.for([
    ['SIGTERM', { code: 0, signal: null }],
    ['SIGINT', { code: null, signal: 'SIGINT' }],
  ] as const)('%s stops captcha sandbox in order', async ([signal, end], { bench }) => {
    const running = await bench.start(['sandbox']);
    await running.said(/listening on/);
    running.signal(signal);
    expect(await running.ended).toMatchObject(end);
    expect(running.stderr).toMatch(/^stopped: 0 submissions, 0 accepted/);
  });
});
