import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { rowsIn } from './support/batch.ts';
import { type Bench, it, turnstile } from './support/bench.ts';
import { solution } from './support/secrets.ts';
import type { Service } from './support/service.ts';

const page = 'https://example.com/login';

/** A service that is broken for the site key `broken`, and solves everything else with the user agent that it used. */
function partlyBroken(bench: Bench): Promise<Service> {
  return bench.service(({ url, body }) => {
    const form = new URLSearchParams(body);
    if (form.get('sitekey') === 'broken') return { status: 500, body: 'internal' };
    const [isSubmission, isCount] = [url.startsWith('/in.php'), form.get('action') === 'threadsinfo'];
    if (isCount) return { body: JSON.stringify({ status: 1, threads: 5, working_threads: 0 }) };
    return {
      body: JSON.stringify(
        isSubmission ? { status: 1, request: '7' } : { status: 1, request: solution, user_agent: 'Opera' },
      ),
    };
  });
}

describe.concurrent('what a batch says about its tasks', () => {
  it('is in the row, the journal and the summary: why it failed, and what belongs to the solution', async ({
    bench,
  }) => {
    const at = await partlyBroken(bench);
    const rows = ['good', 'broken'].map((sitekey) => `turnstile,${sitekey},${page}\n`);
    await bench.write('work/t.csv', `method,sitekey,pageurl\n${rows.join('')}`);
    const line = ['batch', 't.csv', '--out', 'o.csv', '--max-attempts', '2'];
    const ended = await bench.run([...line, '-v'], { at });
    expect(ended, ended.stderr).toMatchObject({ code: 4 });
    expect(ended.stderr).toMatch(/failed: attempts-exhausted 1 \(127\.0\.0\.1:\d+ answered HTTP 500.*: 1\)/);
    expect(ended.stderr).toMatch(/Z 2: attempt 1 failed: .* HTTP 500/m);
    expect(ended.stderr).toMatch(/Z 2: retrying in \d+ms: attempt 2 of 2 /m);
    const written = await rowsIn(bench, 'o.csv');
    expect(written.find(({ sitekey }) => sitekey === 'good')).toMatchObject({
      ...{ status: 'solved', fields: '{"user_agent":"Opera"}', message: '', line: '2' },
      api_latency_ms: expect.stringMatching(/^\d+$/) as string,
    });
    expect(written.find(({ sitekey }) => sitekey === 'broken')).toMatchObject({
      ...{ status: 'failed', reason: 'attempts-exhausted', fields: '', code: '' },
      message: expect.stringMatching(/^all attempts failed: .* HTTP 500/) as string,
    });
    const exported = await bench.run(['batch', 't.csv', '--out', 'e.jsonl', '--journal', 'o.csv.journal', '--export'], {
      at,
    });
    expect(exported, exported.stderr).toMatchObject({ code: 0 });
    expect(exported.stderr).toContain('2 rows written to e.jsonl');
    const objects = (await readFile(join(bench.cwd, 'e.jsonl'), 'utf8')).trim().split('\n');
    expect(objects.map((text) => JSON.parse(text) as object)).toContainEqual(
      expect.objectContaining({ status: 'solved', fields: { user_agent: 'Opera' }, message: null }),
    );
  });
});

describe.concurrent('captcha solve', () => {
  it('names what it does not print', async ({ bench }) => {
    const at = await partlyBroken(bench);
    const ended = await bench.run(['solve', ...turnstile], { at });
    expect(ended).toMatchObject({ code: 0, stdout: `${solution}\n` });
    expect(ended.stderr).toBe('not printed: user_agent (--json prints it)\n');
  });

  it('has the reason of its failure as fields of the JSON log', async ({ bench }) => {
    const at = await bench.sandbox();
    at.script({ mode: 'ERROR_PAGEURL', endpoint: 'submit' });
    const { stderr } = await bench.run(['solve', ...turnstile, '--log-format', 'json'], { at });
    const last = JSON.parse(stderr.trim().split('\n').at(-1) ?? '') as object;
    expect(last).toMatchObject({ level: 'error', reason: 'rejected', code: 'ERROR_PAGEURL', captchaId: null });
  });
});
