import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { column, countsOf, openLedger, rowsIn, rowsOf, sitekeyOf, solutionFor, tasksCsv } from './support/batch.ts';
import { it } from './support/bench.ts';
import { solution } from './support/secrets.ts';
import { firstRows } from '../support/exhaustive.ts';

const header = 'task_id,method,sitekey,pageurl\n';
const good = (id: string): string => `${id},turnstile,0x4AAA,https://example.com/login\n`;
const resultColumns =
  'line,fields,message,api_latency_ms,status,solution,reason,code,captcha_id,region,home_region,attempts,submitted_at,solved_at,expires_at,duration_ms,possibly_charged,expired';

describe.concurrent('captcha batch', () => {
  it('writes one row per task: the columns of the input, then those of the result', async ({ bench }) => {
    const ledger = await openLedger(bench);
    await bench.write('work/tasks.csv', tasksCsv(40));
    const ended = await bench.run(['batch', 'tasks.csv', '--out', 'solved.csv'], { at: ledger });
    expect(ended, ended.stderr).toMatchObject({ code: 0, stdout: '' });
    expect(ended.stderr).toContain('40 solved, 0 failed');
    const text = await readFile(join(bench.cwd, 'solved.csv'), 'utf8');
    expect(text.split('\n')[0]).toBe(`${header.trim()},${resultColumns}`);
    const rows = rowsOf(text);
    expect(new Set(column(rows, 'task_id')).size).toBe(40);
    for (const row of rows) {
      expect(row).toMatchObject({ status: 'solved', solution: solutionFor(row['sitekey']!), attempts: '1' });
    }
  });

  it('writes to standard output by default, and keeps a journal of the input', async ({ bench }) => {
    const ledger = await openLedger(bench);
    await bench.write('work/tasks.csv', tasksCsv(5));
    const first = await bench.run(['batch', 'tasks.csv'], { at: ledger });
    expect(first, first.stderr).toMatchObject({ code: 0 });
    expect(rowsOf(first.stdout)).toHaveLength(5);
    const again = await bench.run(['batch', 'tasks.csv'], { at: ledger });
    expect(again).toMatchObject({ code: 0 });
    expect(rowsOf(again.stdout)).toHaveLength(5);
    expect(ledger.sandbox.stats().accepted).toBe(5);
  });

  it('reads standard input, and reports that it cannot be resumed', async ({ bench }) => {
    const ledger = await openLedger(bench);
    const ended = await bench.run(['batch', '-'], { at: ledger, input: tasksCsv(10) });
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(rowsOf(ended.stdout)).toHaveLength(10);
    expect(ended.stderr).toMatch(/can be resumed only with --journal FILE/);
  });

  it('--keep-order writes the rows in the order of the input', async ({ bench }) => {
    const ledger = await openLedger(bench, { latencyMs: [0, 200] });
    await bench.write('work/tasks.csv', tasksCsv(60));
    const ended = await bench.run(['batch', 'tasks.csv', '--out', 'o.csv', '--keep-order'], { at: ledger });
    expect(ended).toMatchObject({ code: 0 });
    const expected = Array.from({ length: 60 }, (_, index) => sitekeyOf(index + 1));
    expect(column(await rowsIn(bench, 'o.csv'), 'sitekey')).toEqual(expected);
  });

  it('--dry-run counts rows and sends nothing', async ({ bench }) => {
    const ledger = await openLedger(bench);
    await bench.write('work/tasks.csv', `${tasksCsv(7)}bad,turnstile,,\n`);
    const ended = await bench.run(['batch', 'tasks.csv', '--dry-run'], { at: ledger });
    expect(ended).toMatchObject({ code: 1 });
    expect(ended.stdout).toMatch(/tasks +7/);
    expect(ended.stdout).toMatch(/turnstile 7/);
    expect(ledger.sandbox.stats().requests).toBe(0);
  });

  it('writes invalid rows to --errors, with line, column, reason and fix', async ({ bench }) => {
    const ledger = await openLedger(bench);
    await bench.write(
      'work/tasks.csv',
      `${header}${good('a')}a,turnstile,k,https://example.com\nb,turnstile,,https://example.com\n`,
    );
    const line = ['batch', 'tasks.csv', '--out', 'o.csv', '--errors', 'bad.csv'];
    const ended = await bench.run(line, { at: ledger });
    expect(ended).toMatchObject({ code: 1 });
    expect(column(await rowsIn(bench, 'o.csv'), 'task_id')).toEqual(['a']);
    const bad = await rowsIn(bench, 'bad.csv');
    expect(bad.map(({ line, column }) => [line, column])).toEqual([
      ['3', 'task_id'],
      ['4', 'sitekey'],
    ]);
    for (const { reason, fix } of bad) expect([reason, fix]).not.toContain('');
  });

  it('--strict refuses to start if a row is invalid', async ({ bench }) => {
    const ledger = await openLedger(bench);
    await bench.write('work/tasks.csv', `${header}${good('a')}b,turnstile,,\n`);
    const ended = await bench.run(['batch', 'tasks.csv', '--out', 'o.csv', '--strict'], { at: ledger });
    expect(ended).toMatchObject({ code: 2 });
    expect(ledger.sandbox.stats().requests).toBe(0);
  });

  it('reads and writes JSON Lines, with types in the columns of the result', async ({ bench }) => {
    const ledger = await openLedger(bench);
    const tasks = [1, 2, 3].map((row) => ({
      method: 'turnstile',
      sitekey: sitekeyOf(row),
      pageurl: 'https://a.example',
    }));
    await bench.write('work/tasks.jsonl', tasks.map((task) => `${JSON.stringify(task)}\n`).join(''));
    const ended = await bench.run(['batch', 'tasks.jsonl'], { at: ledger });
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    const rows = ended.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(rows).toHaveLength(3);
    for (const row of rows) {
      expect(row).toMatchObject({
        schemaVersion: 1,
        status: 'solved',
        attempts: 1,
        possibly_charged: false,
        reason: null,
      });
    }
  });

  it('accepts an output as an input: the result columns are replaced in place and never sent', async ({ bench }) => {
    const ledger = await openLedger(bench);
    await bench.write('work/tasks.csv', tasksCsv(4));
    expect(await bench.run(['batch', 'tasks.csv', '--out', 'one.csv'], { at: ledger })).toMatchObject({ code: 0 });
    const ended = await bench.run(['batch', 'one.csv', '--out', 'two.csv'], { at: ledger });
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    const [one, two] = [await rowsIn(bench, 'one.csv'), await rowsIn(bench, 'two.csv')];
    expect(Object.keys(two[0]!)).toEqual(Object.keys(one[0]!));
    expect(countsOf(column(two, 'status'))).toEqual({ solved: 4 });
    expect([...ledger.accepted.values()]).toEqual([2, 2, 2, 2]);
  });

  it('leaves solutions unchanged, and escapes formulas in text from others', async ({ bench }) => {
    const sandbox = await bench.sandbox({ answer: () => `=${solution}` });
    await bench.write('work/tasks.csv', 'task_id,method,sitekey,pageurl,_note\na,turnstile,k,https://a.example,=1+1\n');
    const ended = await bench.run(['batch', 'tasks.csv'], { at: sandbox });
    const [row] = rowsOf(ended.stdout);
    expect(row).toMatchObject({ solution: `=${solution}`, _note: "'=1+1" });
  });

  firstRows(it, 2).for([
    ['an input that is not there', ['absent.csv']],
    ['an empty input', ['empty.csv']],
    ['an input with none of the columns that make a task', ['other.csv']],
    ['an unclosed quote', ['quote.csv']],
    ['--out that is the input', ['good.csv', '--out', 'good.csv']],
    ['an output that no journal explains', ['good.csv', '--out', 'other.csv']],
    ['a number that is none', ['good.csv', '--limit', 'many']],
  ] as const)('refuses %s with 2 and sends nothing', async ([, args], { bench }) => {
    const ledger = await openLedger(bench);
    await bench.write('work/empty.csv', '');
    await bench.write('work/other.csv', 'name,age\nann,7\n');
    await bench.write('work/good.csv', `${header}${good('a')}`);
    await bench.write('work/quote.csv', `${header}"a,turnstile,k,https://a.example\n`);
    const ended = await bench.run(['batch', ...args], { at: ledger });
    expect(ended, ended.stderr).toMatchObject({ code: 2 });
    expect(ledger.sandbox.stats().requests).toBe(0);
  });

  it('--sandbox needs no account', async ({ bench }) => {
    await bench.write('work/tasks.csv', tasksCsv(5));
    const env = { CAPTCHAAI_API_KEY: undefined, CAPTCHAAI_BASE_URL: undefined };
    const line = ['--sandbox', 'batch', 'tasks.csv', '--out', 'o.csv'];
    const ended = await bench.run(line, { env, config: null });
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(await rowsIn(bench, 'o.csv')).toHaveLength(5);
  });
});
