import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { column, rowsIn, rowsOf } from './support/batch.ts';
import { type Bench, it } from './support/bench.ts';
import type { Service } from './support/service.ts';
import { firstRows } from '../support/exhaustive.ts';

const page = 'https://example.com/login';

/** A service that solves everything at the second poll, and stores the form of every request. */
async function recorder(bench: Bench): Promise<Service> {
  let submissions = 0;
  const looks = new Map<string | null, number>();
  return bench.service(({ url, body }) => {
    const form = new URLSearchParams(body);
    if (url.startsWith('/in.php')) return { body: JSON.stringify({ status: 1, request: String((submissions += 1)) }) };
    const look = (looks.get(form.get('id')) ?? 0) + 1;
    looks.set(form.get('id'), look);
    if (form.get('action') === 'threadsinfo')
      return { body: JSON.stringify({ status: 1, threads: 5, working_threads: 0 }) };
    return {
      body: JSON.stringify(look > 1 ? { status: 1, request: 'T' } : { status: 0, request: 'CAPCHA_NOT_READY' }),
    };
  });
}

const submitted = ({ received }: Service): Record<string, string>[] =>
  received
    .filter(({ url }) => url.startsWith('/in.php'))
    .map(({ body }) => {
      const form = new URLSearchParams(body);
      for (const name of ['key', 'json']) form.delete(name);
      return Object.fromEntries(form);
    });

const everything = ({ received }: Service): string => received.map(({ url, body }) => `${url} ${body}`).join('\n');

describe.concurrent('the columns of a batch', () => {
  it('are sent only if they are parameters: other columns reach no request', async ({ bench }) => {
    const service = await recorder(bench);
    const header = 'Method;Site Key;page_url;Kunde;Notizen;Region;Priority;min_score;param.foo;Extra;proxyPort;id';
    await bench.write('work/t.csv', `${header}\nturnstile;k;${page};Meier;geheim;;7;0.5;bar;ja;8080x;id9\n`);
    const flags = ['--keep', 'proxyPort', '--send', 'Extra', '--out', 'o.csv'];
    const ended = await bench.run(['batch', 't.csv', ...flags], { at: service });
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    const told = ended.stderr.split('\n')[0];
    expect(told).toContain(
      'sent: Method as method, "Site Key" as sitekey, page_url as pageurl, min_score, param.foo as foo',
    );
    expect(told).toContain('copied, never sent: Kunde, Notizen, proxyPort, id');
    const sent = { method: 'turnstile', sitekey: 'k', pageurl: page, min_score: '0.5', foo: 'bar', Extra: 'ja' };
    expect(submitted(service)).toEqual([sent]);
    expect(everything(service)).not.toMatch(/Meier|geheim|8080x|id9/);
    const [row] = await rowsIn(bench, 'o.csv', ';');
    expect(row).toMatchObject({ Kunde: 'Meier', Notizen: 'geheim', 'Site Key': 'k', status: 'solved', region: '' });
    // An output is also a valid input.
    const again = await bench.run(['batch', 'o.csv', ...flags.slice(0, 4), '--out', 'p.csv'], { at: service });
    expect(again, again.stderr).toMatchObject({ code: 0 });
    expect(submitted(service)).toEqual([sent, sent]);
  });

  it('behave the same for JSON Lines: a new carried column in a later record is reported once, an invalid one is refused', async ({
    bench,
  }) => {
    const service = await recorder(bench);
    const task = { method: 'turnstile', siteKey: 'k', pageURL: page };
    const rows = [task, { ...task, kunde: 'Meier' }, { ...task, kunde: 'Meier' }, { ...task, proxyAddress: '1.2.3.4' }];
    const input = rows.map((row, at) => `${JSON.stringify({ ...row, task_id: String(at) })}\n`).join('');
    const ended = await bench.run(['batch', '-', '--format', 'jsonl'], { at: service, input });
    expect(ended, ended.stderr).toMatchObject({ code: 1 });
    expect(ended.stderr.match(/kunde/g)).toHaveLength(1);
    expect(ended.stderr).toMatch(/line 4, proxyAddress: .*--keep proxyAddress/);
    expect(submitted(service)).toHaveLength(3);
    expect(everything(service)).not.toMatch(/Meier|1\.2\.3\.4/);
  });

  firstRows(it, 2).for([
    ['a proxy in another spelling', 'proxyAddress', 'proxy (user:password@host:port)'],
    ['a name with an invisible character', 'proxy\u200b', String.raw`"proxy\u200b"`],
    ['two of one meaning', 'page_url', 'the column pageurl is also read as pageurl'],
    ['a parameter that captcha sets', 'action', 'page_action'],
  ] as const)('are refused with 2 for %s', async ([, name, words], { bench }) => {
    const service = await recorder(bench);
    await bench.write('work/t.csv', `method,sitekey,pageurl,${name}\nturnstile,k,${page},1\n`);
    const ended = await bench.run(['batch', 't.csv', '--out', 'o.csv'], { at: service });
    expect(ended, ended.stderr).toMatchObject({ code: 2 });
    expect(ended.stderr).toContain(words);
    expect(service.received).toEqual([]);
  });

  it('are listed by --dry-run, with suggestions for misspelled names', async ({ bench }) => {
    await bench.write('work/t.csv', `method,sitekey,websiteURL,Kunde\nbase64x,k,${page},Meier\n,,,\n`);
    const ended = await bench.run(['batch', 't.csv', '--dry-run']);
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(ended.stdout).toContain('columns sent: method, sitekey; copied, never sent: websiteURL, Kunde');
    expect(ended.stdout).toContain('empty    1, skipped');
    expect(ended.stderr).toContain('did you mean --map websiteURL=pageurl?');
    const json = await bench.run(['--json', 'batch', 't.csv', '--dry-run', '--map', 'websiteURL=pageurl']);
    expect(JSON.parse(json.stdout)).toMatchObject({ columns: { sent: { pageurl: 'pageurl' }, carried: ['Kunde'] } });
  });

  it('--method applies to rows without a method: then no column is required', async ({ bench }) => {
    const service = await recorder(bench);
    await bench.write('work/t.csv', `sitekey,pageurl\nk,${page}\n`);
    const ended = await bench.run(['batch', 't.csv', '--method', 'turnstile'], { at: service });
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(submitted(service)).toEqual([{ method: 'turnstile', sitekey: 'k', pageurl: page }]);
  });

  it('of a journal from an earlier version are not dropped silently', async ({ bench }) => {
    const service = await recorder(bench);
    await bench.write('work/t.csv', `method,sitekey,pageurl,Kunde\nturnstile,k,${page},Meier\n`);
    const line = ['batch', 't.csv', '--out', 'o.csv'];
    expect(await bench.run([...line, '--send', 'Kunde'], { at: service })).toMatchObject({ code: 0 });
    const other = await bench.run(line, { at: service });
    expect(other, other.stderr).toMatchObject({ code: 2 });
    expect(other.stderr).toContain('Kunde was used as Kunde, now it is copied');

    // The header as earlier versions wrote it: without the columns that are sent.
    const journal = join(bench.cwd, 'o.csv.journal');
    const { crc32 } = await import('node:zlib');
    const lines = (await readFile(journal, 'utf8')).split('\n');
    const bare = lines[0]!.replace(/,"used":\{[^}]*\}/, '').replace(/,"c":"[0-9a-f]{8}"\}$/, '');
    lines[0] = `${bare},"c":"${crc32(bare).toString(16).padStart(8, '0')}"}`;
    await writeFile(journal, lines.join('\n'));
    const old = await bench.run(line, { at: service });
    expect(old, old.stderr).toMatchObject({ code: 2 });
    expect(old.stderr).toContain('Kunde was used as Kunde, now it is copied');
    expect(await bench.run([...line, '--keep', 'Kunde'], { at: service })).toMatchObject({ code: 0 });
    expect(await bench.run([...line, '--send', 'Kunde'], { at: service })).toMatchObject({ code: 0 });
    expect(submitted(service)).toHaveLength(1);
  });
});

const header = 'task_id,method,sitekey,pageurl\n';
const good = (id: string): string => `${id},turnstile,k${id},${page}\n`;

describe.concurrent('an input that becomes unreadable', () => {
  it.for([['csv'], ['jsonl']] as const)(
    'ends with 1 on standard input after tasks were started: %s',
    async ([format], { bench }) => {
      const sandbox = await bench.sandbox({ latencyMs: [300, 300] });
      const running = await bench.start(['batch', '-', '--format', format], { at: sandbox, input: null });
      running.child.stdin!.write(header + good('a') + good('b') + good('c'));
      while (sandbox.stats().accepted < 3) await new Promise((resolve) => setTimeout(resolve, 5));
      running.child.stdin!.end('d,turnstile,"kd,https://example.com\n');
      const ended = await running.ended;
      expect(ended, ended.stderr).toMatchObject({ code: 1 });
      expect(ended.stderr).toContain('line 5: the quote that opens in field 3 is never closed');
      expect(ended.stderr).toContain('3 solved, 0 failed');
      if (format === 'csv') expect(column(rowsOf(ended.stdout), 'task_id').toSorted()).toEqual(['a', 'b', 'c']);
      else expect(ended.stdout.trimEnd().split('\n')).toHaveLength(3);
      expect(sandbox.stats().accepted).toBe(3);
    },
  );

  it('ends with 2 before any task was started', async ({ bench }) => {
    const sandbox = await bench.sandbox();
    const ended = await bench.run(['batch', '-'], { at: sandbox, input: `${header}a,turnstile,"k,${page}\n` });
    expect(ended, ended.stderr).toMatchObject({ code: 2 });
    expect(sandbox.stats().submissions).toBe(0);
  });

  it('is a truncated file: started tasks finish, and the rest runs when it is complete', async ({ bench }) => {
    const sandbox = await bench.sandbox({ latencyMs: [200, 200], threads: 5 });
    const pad = 'x'.repeat(200);
    const rows = Array.from({ length: 600 }, (_, row) => `t${row},turnstile,k${row},${page}?${pad}\n`);
    const path = await bench.write('work/t.csv', header + rows.join(''));
    const line = ['batch', 't.csv', '--out', 'o.csv', '--limit', '60'];
    const running = await bench.start(line, { at: sandbox });
    while (sandbox.stats().accepted < 5) await new Promise((resolve) => setTimeout(resolve, 5));
    await writeFile(path, header + rows.slice(0, 300).join(''));
    const ended = await running.ended;
    const done = await rowsIn(bench, 'o.csv');
    expect(done.length).toBe(sandbox.stats().accepted);
    // Unlike here, the first sixty rows were valid in the earlier run.
    expect([0, 1], ended.stderr).toContain(ended.code);
    if (ended.code === 1) expect(ended.stderr).toMatch(/after line \d+: t\.csv changed while it was being read/);
    await writeFile(`${path}.whole`, header + rows.join(''));
    await rename(`${path}.whole`, path);
    const again = await bench.run(line, { at: sandbox });
    expect(again, again.stderr).toMatchObject({ code: 0 });
    expect(new Set(column(await rowsIn(bench, 'o.csv'), 'task_id')).size).toBe(sandbox.stats().accepted);
  });
});
