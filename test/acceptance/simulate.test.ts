import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { it } from './support/bench.ts';

const small = 'simulate --clients 20 --outage 20s-35s --duration 60s --strategy full-jitter';

describe.concurrent('captcha simulate', () => {
  it('needs no key and no network, and gives the same output twice', async ({ bench }) => {
    const env = { CAPTCHAAI_API_KEY: undefined };
    const [once, again] = await Promise.all([
      bench.run(small.split(' '), { env }),
      bench.run(small.split(' '), { env }),
    ]);
    expect(once).toMatchObject({ code: 0, stderr: '' });
    expect(once.stdout).toMatch(/^full-jitter +budget \+ breaker /m);
    expect(again.stdout).toBe(once.stdout);
    // Sentences are not wrapped for a pipe.
    const rows = once.stdout.split('\n').filter((line) => !line.endsWith('.'));
    expect(Math.max(...rows.map((line) => line.length))).toBeLessThan(130);
  });

  it('writes its page to the given path, identical for the same seed', async ({ bench }) => {
    const [one, two] = await Promise.all(
      ['one.html', 'two.html'].map(async (name) => {
        const { code } = await bench.run([...small.split(' '), '--html', name]);
        expect(code).toBe(0);
        return readFile(join(bench.cwd, name), 'utf8');
      }),
    );
    expect(one).toMatch(/^<!doctype html>/);
    expect(two).toBe(one);
  });

  it('prints one document with --json', async ({ bench }) => {
    const { stdout } = await bench.run([...small.split(' '), '--json', '--breaker', 'on', '--budget', 'none'], {
      config: null,
    });
    expect(JSON.parse(stdout)).toMatchObject({
      schemaVersion: 1,
      scenario: { clients: 20, seed: 1 },
      rows: [{ strategy: 'full-jitter', budget: false, breaker: true, successRatio: 1 }],
    });
  });

  it('names an invalid value and its place', async ({ bench }) => {
    await bench.write('work/notes.txt', 'mine');
    const cases: [flags: string, code: number, said: RegExp][] = [
      ['--strategy jitter', 2, /--strategy jitter: unknown strategy/],
      ['--outage 60', 2, /did you mean 60s\?/],
      ['--html no/such/folder/x.html', 74, /no\/such\/folder/],
      ['--html notes.txt', 2, /notes\.txt is not an HTML report/],
    ];
    for (const [flags, code, said] of cases) {
      const ended = await bench.run([...small.split(' '), ...flags.split(' ')]);
      expect({ flags, code: ended.code }).toEqual({ flags, code });
      expect(ended.stderr).toMatch(said);
    }
  });
});
