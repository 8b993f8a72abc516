import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { until } from './support/batch.ts';
import { type Bench, it, turnstile } from './support/bench.ts';
import { bin, type Running } from './support/running.ts';
import { solution } from './support/secrets.ts';
import { slowService } from './support/service-clock.ts';
import { firstRows } from '../support/exhaustive.ts';

const solve = ['solve', ...turnstile, '-v'];
/** Longer than the time within which two signals count as one. */
const afterwardsMs = 400;

interface PaidFor {
  readonly running: Running;
  readonly id: string;
  /** Lets the service have solved it. */
  readonly finish: () => void;
}

/** Starts to solve what is not solved before `finish`, and waits until it is paid for. */
async function paidFor(bench: Bench, timeout = '2h'): Promise<PaidFor> {
  const { service, finish } = slowService();
  const sandbox = await bench.sandbox(service);
  const running = await bench.start([...solve, '--timeout', timeout], { at: sandbox });
  await running.said(/accepted as \d+/);
  return { running, id: /accepted as (\d+)/.exec(running.stderr)![1]!, finish };
}

describe.concurrent('the first signal to captcha solve', () => {
  firstRows(it).for(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s while polling: continues polling, prints the paid solution, and ends by the signal',
    async (signal, { bench }) => {
      const { running, id, finish } = await paidFor(bench);
      running.signal(signal);
      await running.said(/still polled/);
      expect(running.stderr).toMatch(new RegExp(`captcha --config \\S+ result ${id}`));
      finish();
      expect(await running.ended).toMatchObject({ code: null, signal, stdout: `${solution}\n` });
    },
  );

  it('while polling a task that is not solved in time: names the id at the end', async ({ bench }) => {
    const { running, id } = await paidFor(bench, '20s');
    running.signal('SIGINT');
    const { signal, stdout, stderr } = await running.ended;
    expect({ signal, stdout }).toEqual({ signal: 'SIGINT', stdout: '' });
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(new RegExp(`captcha --config \\S+ result ${id}`));
  });

  it('while waiting for a retry: does not submit again and ends at once', async ({ bench }) => {
    const sandbox = await bench.sandbox();
    // Longer than a process may run here: had it waited, the test would fail.
    sandbox.script({ mode: 503, endpoint: 'submit', times: Infinity, retryAfter: '1800' });
    const running = await bench.start([...solve, '--timeout', '1h'], { at: sandbox });
    await running.said(/retrying in/);
    running.signal('SIGINT');
    const { signal, stdout, stderr } = await running.ended;
    expect({ signal, stdout }).toEqual({ signal: 'SIGINT', stdout: '' });
    expect(stderr).toMatch(/not solved \(cancelled\)/);
    expect(sandbox.stats().submissions).toBe(1);
  });

  it('while a submission is in flight: waits for the answer, and polls the accepted id', async ({ bench }) => {
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
    await until(() => service.received.length > 0);
    running.signal('SIGINT');
    await running.said(/stopping/);
    accept();
    expect(await running.ended).toMatchObject({ signal: 'SIGINT', stdout: `${solution}\n` });
    expect(polls).toBe(1);
  });

  it('while a submission is never answered: does not repeat it', async ({ bench }) => {
    const sandbox = await bench.sandbox();
    sandbox.script({ mode: 'hang', endpoint: 'submit', times: Infinity });
    const running = await bench.start(solve, { at: sandbox, config: { api: { timeout: '1s' } } });
    await until(() => sandbox.stats().submissions === 1);
    running.signal('SIGINT');
    expect(await running.ended).toMatchObject({ signal: 'SIGINT', stdout: '' });
    expect(sandbox.stats().submissions).toBe(1);
  });

  it('gives the exit codes 130 (SIGINT) and 143 (SIGTERM) in a shell', async ({ bench }) => {
    const { service, finish } = slowService();
    const sandbox = await bench.sandbox(service);
    const config = await bench.write('shell.json', { polling: { firstWait: '0ms', interval: '20ms' } });
    const names = ['INT', 'TERM'];
    const shells = names.map((signal) => {
      const command = `"$@" 2>err-${signal} & until grep -q accepted err-${signal}; do sleep 0.02; done; kill -${signal} $!; wait $!; echo $?`;
      const captcha = [process.execPath, bin, '--config', config, ...solve, '--timeout', '2h'];
      // Without job control a shell makes background processes ignore SIGINT.
      return bench.startOther('sh', ['-mc', command, 'sh', ...captcha], { at: sandbox }).ended;
    });
    const stderrOf = (name: string): Promise<string> =>
      readFile(join(bench.cwd, `err-${name}`), 'utf8').catch(() => '');
    for (const name of names) while (!(await stderrOf(name)).includes('still polled')) await sleep(20);
    finish();
    const ended = await Promise.all(shells);
    expect(ended.map(({ stdout }) => stdout)).toEqual([`${solution}\n130\n`, `${solution}\n143\n`]);
  });
});

describe.concurrent('a second signal to captcha solve', () => {
  firstRows(it).for(['SIGINT', 'SIGTERM'] as const)('%s leaves at once and names the id', async (second, { bench }) => {
    const { running, id } = await paidFor(bench);
    running.signal('SIGINT');
    await running.said(/still polled/);
    await sleep(afterwardsMs);
    running.signal(second);
    const { signal, stdout, stderr } = await running.ended;
    expect({ signal, stdout }).toEqual({ signal: second, stdout: '' });
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(new RegExp(`captcha --config \\S+ result ${id}`));
  });

  it('within 300 ms counts as the same one', async ({ bench }) => {
    const { running, finish } = await paidFor(bench);
    // Two of one name that wait for a busy process would be delivered as one. Which of these comes first is open.
    running.signal('SIGINT');
    running.signal('SIGTERM');
    await running.said(/still polled/);
    finish();
    const { signal, stdout } = await running.ended;
    expect(['SIGINT', 'SIGTERM']).toContain(signal);
    expect(stdout).toBe(`${solution}\n`);
  });
});

describe.concurrent('a signal to other commands', () => {
  it('ends captcha balance, which has nothing to lose, at once', async ({ bench }) => {
    const sandbox = await bench.sandbox();
    sandbox.script({ mode: 'hang', times: Infinity });
    const running = await bench.start(['balance'], { at: sandbox });
    await until(() => sandbox.stats().requests > 0);
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
