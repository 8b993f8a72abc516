import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { it, words } from './support/bench.ts';

interface Report {
  readonly shared: {
    readonly rows: readonly { method: string; label: string | null; submissions: number; solved: number }[];
    readonly threads: { readonly threads: number; readonly saturation: number };
    readonly verdict: string;
  };
  readonly journals: readonly { readonly total: { readonly submissions: number; readonly solved: number } }[];
}

const config = { polling: { firstWait: '0ms', interval: '100ms' } };

describe.concurrent('captcha usage', () => {
  it('adds up what several processes did, and reads the journal of one', async ({ bench }) => {
    const at = await bench.sandbox({ latencyMs: [400, 500], threads: 2 });
    const rows = Array.from({ length: 8 }, (_, index) => `turnstile,0x4AAA${index},https://example.com`);
    const batches = await Promise.all(
      ['one', 'two'].map(async (name) => {
        const input = await bench.write(`${name}.csv`, ['method,sitekey,pageurl', ...rows].join('\n'));
        const line = [
          'batch',
          input,
          '--out',
          join(bench.home, `${name}.out.csv`),
          '--label',
          name,
          '--allow-fast-polling',
        ];
        return bench.run(line, { at, config });
      }),
    );
    expect(batches.map(({ code }) => code)).toEqual([0, 0]);
    const journal = join(bench.home, 'one.out.csv.journal');
    const { code, stdout } = await bench.run(['usage', journal, '--json'], { at, config });
    expect(code).toBe(0);
    const { shared, journals } = JSON.parse(stdout) as Report;
    const counted = shared.rows.map(({ method, label, submissions, solved }) => [method, label, submissions, solved]);
    expect(counted.sort()).toEqual([
      ['turnstile', 'one', 8, 8],
      ['turnstile', 'two', 8, 8],
    ]);
    expect(shared.threads.threads).toBe(2);
    expect(shared.threads.saturation).toBeGreaterThan(0.2);
    expect(shared.verdict).toContain('The plan is too small (2 threads)');
    expect(journals).toMatchObject([{ total: { submissions: 8, solved: 8 } }]);
    const csv = await bench.run(words('usage --format csv'), { at, config });
    expect(csv.stdout.trim().split('\n')).toHaveLength(3);
  });
});
