import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { column, countsOf, type Ledger, openLedger, rowsIn, tasksCsv, until } from './support/batch.ts';
import { type Bench, it } from './support/bench.ts';
import { key } from './support/secrets.ts';

const newKey = 'fedcba9876543210fedcba9876543210';

/** Replaces the key file as a secret store does: at once. */
async function replaceKey(bench: Bench, path: string): Promise<void> {
  const next = join(bench.home, 'next-key');
  await writeFile(next, `${newKey}\n`);
  await rename(next, path);
}

/** The environment without the key. */
const env = { CAPTCHAAI_API_KEY: undefined };

async function rotatingLedger(bench: Bench): Promise<{ ledger: Ledger; path: string }> {
  const ledger = await openLedger(bench, { key, latencyMs: [100, 300] });
  await bench.write('work/tasks.csv', tasksCsv(60));
  return { ledger, path: await bench.write('key', `${key}\n`) };
}

describe.concurrent('a key that is rotated during a batch', () => {
  const batch = ['batch', 'tasks.csv', '--out', 'solved.csv'];

  it('from api.keyCommand is read again, without a lost task, and the journal goes on with the new one', async ({
    bench,
  }) => {
    const { ledger, path } = await rotatingLedger(bench);
    const api = { keyCommand: ['cat', path] };
    const usage = { at: ledger, env, config: { api: { timeout: '60s', ...api } } };
    const running = await bench.start([...batch, '--concurrency', '5'], usage);
    await until(() => ledger.accepted.size >= 10);
    await replaceKey(bench, path);
    ledger.sandbox.setKey(newKey);
    const ended = await running.ended;
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(ended.stderr.match(/the key from api\.keyCommand has changed: continuing with the new key/g)).toHaveLength(
      1,
    );
    expect(ended.stderr).not.toContain(newKey);
    const rows = await rowsIn(bench, 'solved.csv');
    expect(countsOf(column(rows, 'status'))).toEqual({ solved: 60 });
    // Neither an attempt nor a token was spent.
    expect(countsOf(column(rows, 'attempts'))).toEqual({ 1: 60 });
    expect(ended.stderr).not.toMatch(/[1-9]\d* retr/);
    expect(ledger.sandbox.stats().accepted).toBe(60);
    expect(await bench.run(batch, usage)).toMatchObject({ code: 0 });
    expect(ledger.sandbox.stats().accepted).toBe(60);
  });

  it('from a key file is read again by workers', async ({ bench }) => {
    const { ledger, path } = await rotatingLedger(bench);
    const config = {
      regions: [{ name: 'here', queue: 'memory:' }],
      routes: { default: 'here' },
      worker: { concurrency: 5 },
    };
    const usage = { at: ledger, env: { ...env, CAPTCHAAI_API_KEY_FILE: path }, config };
    const running = await bench.start([...batch, '--via', 'queues'], usage);
    await until(() => ledger.accepted.size >= 10);
    await replaceKey(bench, path);
    ledger.sandbox.setKey(newKey);
    const ended = await running.ended;
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(ended.stderr.match(/has changed: continuing with the new key/g)).toHaveLength(1);
    expect(ledger.sandbox.stats().accepted).toBe(60);
  });

  it('while it does not run, continues with --same-account', async ({ bench }) => {
    const { ledger, path } = await rotatingLedger(bench);
    const usage = { at: ledger, env: { ...env, CAPTCHAAI_API_KEY_FILE: path } };
    const first = await bench.run([...batch, '--limit', '20'], usage);
    expect(first, first.stderr).toMatchObject({ code: 0 });
    await replaceKey(bench, path);
    ledger.sandbox.setKey(newKey);
    const refused = await bench.run(batch, usage);
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.stderr).toMatch(
      /was written with another API key\n {2}if the key was rotated .* add --same-account/,
    );
    const ended = await bench.run([...batch, '--same-account'], usage);
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(await bench.run([...batch, '--export'], usage)).toMatchObject({ code: 0 });
    expect(await bench.run(batch, usage)).toMatchObject({ code: 0 });
    expect(countsOf(column(await rowsIn(bench, 'solved.csv'), 'status'))).toEqual({ solved: 60 });
    expect(ledger.sandbox.stats().accepted).toBe(60);
  });
});

describe.concurrent('api.keyCommand', () => {
  it('is named by config show and doctor, and its standard error is shown', async ({ bench }) => {
    const sandbox = await bench.sandbox({ key });
    const config = { api: { keyCommand: `echo unlocking >&2; echo ${key.slice(0, 16)}"${key.slice(16)}"` } };
    const usage = { at: sandbox, env, config };
    const shown = await bench.run(['config', 'show', '--json'], usage);
    expect(JSON.parse(shown.stdout)).toMatchObject({ apiKey: { isSet: true, from: 'api.keyCommand' } });
    const examined = await bench.run(['doctor'], usage);
    expect(examined.stdout).toMatch(/ok +key +from the output of the key command \(api\.keyCommand\)/);
    const ended = await bench.run(['balance'], usage);
    expect(ended, ended.stderr).toMatchObject({ code: 0, stderr: 'unlocking\n' });
  });

  it('that fails ends with 2, and the cause', async ({ bench }) => {
    const { code, stderr } = await bench.run(['balance'], { env, config: { api: { keyCommand: ['false'] } } });
    expect(code).toBe(2);
    expect(stderr).toContain('the key command (api.keyCommand) failed with exit code 1');
  });
});
