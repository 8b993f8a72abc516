import { describe, expect } from 'vitest';
import { anImage, imageText } from '../support/an-image.ts';
import { rowsIn } from './support/batch.ts';
import { type Bench, it } from './support/bench.ts';

const on = { api: { timeout: '60s', syncImages: 'on' } };
const auto = { api: { timeout: '60s', syncImages: 'auto' } };
const solve = ['solve', 'image.png', '--json'];
const answer = (): string => 'w93bx';

interface Report {
  readonly captchaId: string | null;
  readonly attempts: readonly { captchaId: string | null; pollMs: number[]; possiblyCharged: boolean }[];
}

async function withImage(bench: Bench): Promise<Bench> {
  await bench.write('work/image.png', anImage());
  return bench;
}

const csv = (count: number): string =>
  ['task_id,method,body', ...Array.from({ length: count }, (_, n) => `${n},base64,${imageText(`${n}`)}`)].join('\n');

describe('an image for a service that answers it at once', () => {
  it('costs one request and is there when it is ready', async ({ bench }) => {
    const sandbox = await (await withImage(bench)).sandbox({ latencyMs: [600, 600], answer });
    const { code, stdout, stderr } = await bench.run(solve, { at: sandbox, config: on });
    expect(code, stderr).toBe(0);
    const report = JSON.parse(stdout) as Report & { submittedAt: string; durationMs: number };
    expect(report).toMatchObject({ status: 'solved', solution: 'w93bx', captchaId: null, possiblyCharged: false });
    expect(report.attempts).toMatchObject([{ captchaId: null, pollMs: [], pollFaultCount: 0, fault: null }]);
    expect(Date.parse(report.submittedAt)).not.toBeNaN();
    expect(sandbox.stats()).toMatchObject({ requests: 1, submissions: 1, polls: 0, collected: 1 });
  });

  it('is sent there by auto only after the service has answered there before', async ({ bench }) => {
    const sandbox = await (await withImage(bench)).sandbox({ answer });
    const requests: number[] = [];
    for (const config of [auto, on, auto, { api: { syncImages: 'off' } }]) {
      const before = sandbox.stats().polls;
      expect(await bench.run(solve, { at: sandbox, config })).toMatchObject({ code: 0 });
      requests.push(sandbox.stats().polls - before);
    }
    expect(requests.map((polls) => polls > 0)).toEqual([true, false, false, true]);
  });

  it('is sent to in.php where the service does not have it, and the next process knows', async ({ bench }) => {
    const service = await (
      await withImage(bench)
    ).service(({ url }) => {
      if (url === '/solve.php') return { status: 404, body: 'Not found' };
      return { body: JSON.stringify({ status: 1, request: url === '/in.php' ? '42' : 'w93bx' }) };
    });
    for (const config of [on, auto]) {
      const ended = await bench.run(solve, { at: service, config });
      expect(ended.code, ended.stderr).toBe(0);
      expect(JSON.parse(ended.stdout)).toMatchObject({ solution: 'w93bx', captchaId: '42' });
    }
    expect(service.received.map(({ url }) => url).filter((url) => url !== '/res.php')).toEqual([
      ...['/solve.php', '/in.php', '/in.php'],
    ]);
  });

  it('may have been charged where its answer is lost', async ({ bench }) => {
    const sandbox = await (await withImage(bench)).sandbox({ answer });
    sandbox.script({ mode: 'reset-after', endpoint: 'submit' });
    const { code, stdout } = await bench.run(solve, { at: sandbox, config: on });
    expect(code).toBe(0);
    const { attempts } = JSON.parse(stdout) as Report;
    expect(attempts).toMatchObject([
      { captchaId: null, possiblyCharged: true },
      { captchaId: null, possiblyCharged: false },
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ possiblyCharged: true });
    expect(sandbox.stats()).toMatchObject({ requests: 2, accepted: 2 });
  });

  it('is a row of a batch, which is not solved again', async ({ bench }) => {
    const sandbox = await bench.sandbox({ answer });
    await bench.write('work/tasks.csv', csv(20));
    const batch = ['batch', 'tasks.csv', '--out', 'solved.csv', '--journal', 'tasks.journal'];
    for (let run = 0; run < 2; run += 1) {
      const ended = await bench.run(batch, { at: sandbox, config: on });
      expect(ended.code, ended.stderr).toBe(0);
      const rows = await rowsIn(bench, 'solved.csv');
      expect(rows).toHaveLength(20);
      for (const row of rows)
        expect(row).toMatchObject({ status: 'solved', solution: 'w93bx', captcha_id: '', possibly_charged: 'false' });
    }
    // The 21st request is about the threads of the account.
    expect(sandbox.stats()).toMatchObject({ submissions: 20, accepted: 20, polls: 0, duplicates: 0 });
  });

  it('is marked in its row where a killed batch had sent it', async ({ bench }) => {
    const sandbox = await bench.sandbox({ answer, latencyMs: [3_600_000, 3_600_000] });
    await bench.write('work/tasks.csv', csv(3));
    const batch = ['batch', 'tasks.csv', '--out', 'solved.csv', '--journal', 'tasks.journal'];
    const running = await bench.start(batch, { at: sandbox, config: on });
    await expect.poll(() => sandbox.stats().accepted).toBe(3);
    running.signal('SIGKILL');
    await running.ended;
    const ended = await bench.run([...batch, '--leave-in-doubt'], { at: sandbox, config: on });
    expect(ended.code, ended.stderr).toBe(1);
    for (const row of await rowsIn(bench, 'solved.csv'))
      expect(row).toMatchObject({ status: 'failed', reason: 'in-doubt', possibly_charged: 'true' });
    expect(sandbox.stats().accepted).toBe(3);
  });
});

it('sandbox --without-solve-php does without it', async ({ bench }) => {
  await withImage(bench);
  const running = await bench.start(['sandbox', '--without-solve-php', '--latency', '50ms']);
  await running.said(/listening on \S+/);
  const url = /listening on (\S+)/.exec(running.stdout)?.[1] ?? '';
  const ended = await bench.run(solve, { at: { url }, config: on });
  expect(ended.code, ended.stderr).toBe(0);
  expect((JSON.parse(ended.stdout) as Report).captchaId).toMatch(/^\d+$/);
  running.signal('SIGTERM');
  await running.ended;
});
