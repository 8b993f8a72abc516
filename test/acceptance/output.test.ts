import { closeSync, existsSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { openLedger, rowsOf, tasksCsv } from './support/batch.ts';
import { type Bench, it, turnstile, type Usage, words } from './support/bench.ts';
import { bin, type Ended } from './support/running.ts';
import { solution } from './support/secrets.ts';
import { slowService } from './support/service-clock.ts';
import { firstRows } from '../support/exhaustive.ts';

const solve = ['solve', ...turnstile, '-v'];
/** More than a pipe buffer, so that an early exit would truncate it. */
const large = `0.${'x'.repeat(200_000)}`;

describe.concurrent('a closed stdout', () => {
  it.for(['solve TASK -v', 'solve TASK -v --json'])(
    'is no error: captcha %s ends with 141 and names the id',
    async (line, { bench }) => {
      const { service, finish } = slowService();
      const sandbox = await bench.sandbox(service);
      const running = await bench.start(words(line), { at: sandbox });
      await running.said(/accepted as/);
      running.child.stdout!.destroy();
      finish();
      const { code, signal, stderr } = await running.ended;
      expect({ code, signal }).toEqual({ code: 141, signal: null });
      const id = /accepted as (\d+)/.exec(stderr)![1]!;
      expect(stderr.trimEnd().split('\n').at(-1)).toMatch(new RegExp(`captcha --config \\S+ result ${id}`));
      expect(stderr).not.toMatch(/EPIPE|bug/);
    },
  );

  firstRows(it, 2).for([
    'result 1 2 3',
    'balance',
    'solve TASK --no-submit',
    'config schema',
    '--help',
    'solve --help',
    '--version',
  ])('ends captcha %s without a message', async (line, { bench }) => {
    const sandbox = await bench.sandbox();
    const running = await bench.start(words(line), { at: sandbox });
    running.child.stdout!.destroy();
    const { code, stderr } = await running.ended;
    expect([0, 141]).toContain(code);
    expect(stderr).not.toMatch(/EPIPE|bug|rror: /);
  });

  it('is quiet in a shell pipeline', async ({ bench }) => {
    const script = '"$@" config schema | head -c 1';
    const running = bench.startOther('sh', ['-c', script, 'sh', process.execPath, bin]);
    expect(await running.ended).toMatchObject({ code: 0, stdout: '{', stderr: '' });
  });
});

/** Runs the built program in a shell with this redirection of its standard output. */
async function runInto(bench: Bench, redirection: string, args: readonly string[], usage: Usage): Promise<Ended> {
  const config = await bench.write('quick.json', { polling: { firstWait: '0ms', interval: '20ms' } });
  const command = ['-c', `"$@" ${redirection}`, 'sh', process.execPath, bin, '--config', config, ...args];
  return bench.startOther('sh', command, usage).ended;
}

describe.concurrent.each(['>&-', '>/dev/null'])('a discarded stdout (%s)', (redirection) => {
  firstRows(it).for(['solve TASK', 'solve TASK -q', 'solve TASK -q --json'])(
    'prints the id of captcha %s on stderr, so that it can be collected',
    async (line, { bench }) => {
      const sandbox = await bench.sandbox();
      const { code, stdout, stderr } = await runInto(bench, redirection, words(line), { at: sandbox });
      expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
      const [, id] = /closed or the null device: .*captcha --config \S+ result (\d+)$/m.exec(stderr) ?? [];
      expect(await bench.run(['result', id!], { at: sandbox })).toMatchObject({ code: 0, stdout: `${solution}\n` });
      expect(sandbox.stats().submissions).toBe(1);
      const result = await runInto(bench, redirection, ['result', '--no-wait', id!, '-q'], { at: sandbox });
      expect(result).toMatchObject({
        code: 0,
        stderr: expect.stringMatching(`captcha --config \\S+ result ${id}\n`) as string,
      });
    },
  );

  it('keeps the rows of a batch in its journal, and tells how to get them', async ({ bench }) => {
    const ledger = await openLedger(bench);
    await bench.write('work/tasks.csv', tasksCsv(3));
    const { code, stderr } = await runInto(bench, redirection, ['batch', 'tasks.csv'], { at: ledger });
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/the rows are in the journal; write them with: captcha .*batch tasks.csv --export > FILE/);
    const exported = await bench.run(['batch', 'tasks.csv', '--export'], { at: ledger });
    expect(exported, exported.stderr).toMatchObject({ code: 0 });
    expect(rowsOf(exported.stdout)).toHaveLength(3);
    expect(ledger.sandbox.stats().submissions).toBe(3);
  });

  it('prints the id of every row if a batch has no journal', async ({ bench }) => {
    const ledger = await openLedger(bench);
    const usage = { at: ledger, input: tasksCsv(3) };
    const { code, stderr } = await runInto(bench, redirection, ['batch', '-', '-q'], usage);
    expect(code, stderr).toBe(0);
    expect([...stderr.matchAll(/^(t\d): .*captcha --config \S+ result \d+$/gm)].map(([, id]) => id).toSorted()).toEqual(
      ['t1', 't2', 't3'],
    );
  });
});

describe.concurrent('an output that cannot be written', () => {
  it.skipIf(!existsSync('/dev/full')).for(['solve TASK -v', 'solve TASK -v --json'])(
    'ends captcha %s with 74 and names the id',
    async (line, { bench }) => {
      const sandbox = await bench.sandbox();
      const full = openSync('/dev/full', 'w');
      const { code, stderr } = await bench.run(words(line), { at: sandbox, stdout: full });
      closeSync(full);
      expect(code).toBe(74);
      expect(stderr).toMatch(/ENOSPC/);
      expect(stderr).toMatch(/captcha --config \S+ result \d+/);
    },
  );

  it.skipIf(!existsSync('/dev/full'))('ends other commands with 74', async ({ bench }) => {
    const sandbox = await bench.sandbox();
    const full = openSync('/dev/full', 'w');
    const commands = [['balance'], ['threads', '--json'], ['config', 'show'], ['solve', ...turnstile, '--no-submit']];
    const ended = await Promise.all(commands.map((args) => bench.run(args, { at: sandbox, stdout: full })));
    closeSync(full);
    expect(ended.map(({ code }) => code)).toEqual([74, 74, 74, 74]);
  });
});

describe.concurrent('a closed stderr', () => {
  it('loses no solution', async ({ bench }) => {
    const sandbox = await bench.sandbox({ latencyMs: [300, 300] });
    const running = await bench.start([...solve, '-vv'], { at: sandbox });
    await running.said(/accepted as/);
    running.child.stderr!.destroy();
    expect(await running.ended).toMatchObject({ code: 0, stdout: `${solution}\n` });
  });
});

describe.concurrent('a large output', () => {
  it('is complete, even with a slow reader', async ({ bench }) => {
    const sandbox = await bench.sandbox({ answer: () => large });
    const running = await bench.start(solve, { at: sandbox });
    running.child.stdout!.pause();
    await running.said(/solved \d+/);
    await sleep(300);
    running.child.stdout!.resume();
    expect(await running.ended).toMatchObject({ code: 0, stdout: `${large}\n` });
  });

  it('of help and schema is complete in a pipe', async ({ bench }) => {
    const slowly = async (args: readonly string[]): Promise<string> => {
      const running = await bench.start(args);
      running.child.stdout!.pause();
      await sleep(500);
      running.child.stdout!.resume();
      return (await running.ended).stdout;
    };
    const [help, schema] = await Promise.all([slowly(['--help']), slowly(['config', 'schema'])]);
    expect(help.trimEnd()).toMatch(/For systems that you own or are authorised to test\.$/);
    expect(JSON.parse(schema)).toMatchObject({ type: 'object' });
  });
});
