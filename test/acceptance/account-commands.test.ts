import { describe, expect } from 'vitest';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { it, words } from './support/bench.ts';
import { key, solution } from './support/secrets.ts';
import { firstRows } from '../support/exhaustive.ts';

const unknownId = '1';

/** Submits like another process and returns the id. */
async function submit({ url }: Pick<Sandbox, 'url'>, sitekey = '0x4AAA'): Promise<string> {
  const form = { key, method: 'turnstile', sitekey, pageurl: 'https://example.com' };
  const response = await fetch(`${url}/in.php`, { method: 'POST', body: new URLSearchParams(form) });
  return (await response.text()).replace('OK|', '');
}

describe.concurrent('captcha result', () => {
  it('polls until solved and submits nothing', async ({ bench }) => {
    const sandbox = await bench.sandbox({ latencyMs: [500, 500] });
    const id = await submit(sandbox);
    expect(await bench.run(['result', id], { at: sandbox })).toMatchObject({
      code: 0,
      stdout: `${solution}\n`,
      stderr: '',
    });
    expect(sandbox.stats()).toMatchObject({ submissions: 1, collected: 1 });
  });

  it('prints one line per id in the order of the arguments, an empty one for an unsolved id', async ({ bench }) => {
    const answer = ({ params }: { params: Readonly<Record<string, string>> }): string => `answer-${params['sitekey']}`;
    const sandbox = await bench.sandbox({ answer });
    const [a, b] = [await submit(sandbox, 'a'), await submit(sandbox, 'b')];
    const { code, stdout, stderr } = await bench.run(['result', b, unknownId, a], { at: sandbox });
    expect({ code, stdout }).toEqual({ code: 1, stdout: 'answer-b\n\nanswer-a\n' });
    expect(stderr).toMatch(/^1: ERROR_WRONG_CAPTCHA_ID/);
  });

  it('prints one document with --json, the same keys for every id', async ({ bench }) => {
    const sandbox = await bench.sandbox();
    const id = await submit(sandbox);
    const { code, stdout } = await bench.run(['result', id, unknownId, '--json'], { at: sandbox });
    expect(code).toBe(1);
    const { schemaVersion, results } = JSON.parse(stdout) as { schemaVersion: number; results: object[] };
    expect(schemaVersion).toBe(1);
    expect(results).toMatchObject([
      { captchaId: id, solution },
      { captchaId: unknownId, solution: null },
    ]);
    expect(Object.keys(results[0]!)).toEqual(Object.keys(results[1]!));
  });

  it.for([
    ['--no-wait', 'not ready', { latencyMs: 20_000, code: 4, polls: 1 }],
    ['--timeout 700ms', 'never ready', { latencyMs: 20_000, code: 4, polls: null }],
    ['--no-wait', 'ready', { latencyMs: 0, code: 0, polls: 1 }],
  ] as const)('%s looks at an id that is %s', async ([flags, , { latencyMs, code, polls }], { bench }) => {
    const sandbox = await bench.sandbox({ latencyMs: [latencyMs, latencyMs] });
    const id = await submit(sandbox);
    const ended = await bench.run(['result', ...words(flags), id], { at: sandbox });
    expect(ended.code).toBe(code);
    if (polls !== null) expect(sandbox.stats().polls).toBe(polls);
  });

  it('ends with 1 for an unsolvable id', async ({ bench }) => {
    const sandbox = await bench.sandbox({ answer: () => null });
    const id = await submit(sandbox);
    const ended = await bench.run(['result', id], { at: sandbox });
    expect(ended).toMatchObject({ code: 1, stdout: '\n' });
    expect(ended.stderr).toContain(`${id}: ERROR_CAPTCHA_UNSOLVABLE`);
  });

  it('continues after faults, and ends with the account code for a refused key', async ({ bench }) => {
    const sandbox = await bench.sandbox();
    const id = await submit(sandbox);
    sandbox.script({ mode: 502, endpoint: 'poll', times: 2 });
    expect(await bench.run(['result', id], { at: sandbox })).toMatchObject({ code: 0, stdout: `${solution}\n` });
    sandbox.script({ mode: 'ERROR_KEY_DOES_NOT_EXIST', endpoint: 'poll', times: Infinity });
    expect(await bench.run(['result', id], { at: sandbox })).toMatchObject({ code: 3, stdout: '\n' });
  });
});

describe.concurrent('captcha balance', () => {
  firstRows(it).for([
    ['balance', 0],
    ['balance --min 3.5', 0],
    ['balance --min 3.6', 3],
  ] as const)('of 3.5: captcha %s ends with %d', async ([line, code], { bench }) => {
    const sandbox = await bench.sandbox({ balance: 3.5 });
    expect(await bench.run(words(line), { at: sandbox })).toMatchObject({ code, stdout: '3.5\n' });
  });

  it('prints a document with --json', async ({ bench }) => {
    const { stdout } = await bench.run(['--json', 'balance'], { at: await bench.sandbox({ balance: 3.5 }) });
    expect(JSON.parse(stdout)).toEqual({ schemaVersion: 1, balance: 3.5 });
  });

  it('refuses a minimum that is not a number', async ({ bench }) => {
    expect(await bench.run(['balance', '--min', 'much'])).toMatchObject({ code: 2, stdout: '' });
  });

  firstRows(it, 2).for([
    { mode: 'ERROR_KEY_DOES_NOT_EXIST', code: 3 },
    { mode: 'ERROR_TOO_MUCH_REQUESTS', code: 4 },
    { mode: 502, code: 4 },
    { mode: 'html', code: 4 },
    { mode: 'reset', code: 4 },
  ])('ends with $code if the answer is $mode', async ({ mode, code }, { bench }) => {
    const sandbox = await bench.sandbox();
    sandbox.script({ mode, times: Infinity });
    const ended = await bench.run(['balance'], { at: sandbox });
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr).toMatch(/^error: .+\n$/);
  });
});

describe.concurrent('captcha threads', () => {
  it('counts the busy threads', async ({ bench }) => {
    const sandbox = await bench.sandbox({ threads: 5, latencyMs: [20_000, 20_000] });
    await submit(sandbox);
    const ended = await bench.run(['threads', '--json'], { at: sandbox });
    expect(JSON.parse(ended.stdout)).toEqual({ schemaVersion: 1, threads: 5, workingThreads: 1, freeThreads: 4 });
  });
});

describe.concurrent('captcha report', () => {
  it('reports every id to the service', async ({ bench }) => {
    const sandbox = await bench.sandbox({ latencyMs: [0, 0] });
    const ids = [await submit(sandbox, 'a'), await submit(sandbox, 'b')];
    expect(await bench.run(['report', 'bad', ...ids], { at: sandbox })).toMatchObject({ code: 0, stdout: '' });
    expect(sandbox.stats().reports).toEqual({ good: 0, bad: 2 });
    const again = await bench.run(['report', 'good', ids[0]!, '--json'], { at: sandbox });
    expect(again.code).toBe(1);
    expect(JSON.parse(again.stdout)).toMatchObject({ results: [{ recorded: false, code: 'ERROR_DUPLICATE_REPORT' }] });
  });
});
