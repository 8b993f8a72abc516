import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { rowsOf } from './support/batch.ts';
import { it } from './support/bench.ts';
import { firstRows } from '../support/exhaustive.ts';

const page = 'https://example.com/login';
const mark = '\uFEFF';

describe.concurrent('rows as people write them', () => {
  firstRows(it).for([
    ['blanks around names and values', `task_id, method, sitekey, pageurl\n17 , turnstile , a , ${page}\n`],
    ['other spellings of the names', `TASK ID,Method,Site_Key,Page-URL\n17,turnstile,a,${page}\n`],
    ['a declared delimiter', `sep=;\ntask_id;method;sitekey;pageurl\n17;turnstile;a;${page}\n`],
    [
      'a declared delimiter in quotes',
      `"sep=;"\r\ntask_id;method;sitekey;pageurl;a,b,c\r\n17;turnstile;a;${page};\r\n`,
    ],
    ['an id that is a row number', `task_id,method,sitekey,pageurl\n17,turnstile,a,${page}\n`],
  ] as const)('with %s are solved', async ([, input], { bench }) => {
    const flags = ['--format', 'jsonl', '--method', 'turnstile'];
    const { code, stdout, stderr } = await bench.run(['--sandbox', 'batch', '-', ...flags], { input });
    expect({ code, lines: stdout.trim().split('\n').length }, stderr).toEqual({ code: 0, lines: 1 });
    expect(JSON.parse(stdout)).toMatchObject({ status: 'solved' });
    expect(stderr).not.toMatch(/bad row|warning/);
  });

  firstRows(it).for([
    ['the header of a second file', `${mark}method,pageurl,sitekey`],
    ['a quoted header of a second file', `${mark}"method","sitekey","pageurl"`],
    ['a header in capitals', 'METHOD,SITEKEY,PAGEURL'],
  ] as const)('are not made from %s', async ([, again], { bench }) => {
    const input = `${mark}method,sitekey,pageurl\nturnstile,a,${page}\n${again}\nturnstile,b,${page}\n`;
    const { code, stdout, stderr } = await bench.run(['--sandbox', 'batch', '-'], { input });
    expect({ code, rows: rowsOf(stdout).length }, stderr).toEqual({ code: 1, rows: 2 });
    expect(stderr).toContain('line 3: the line repeats the header. Remove the line.');
  });

  it('get their row number as task_id where theirs is blank, unless another row has that id', async ({ bench }) => {
    const rows = ['b,turnstile,a', ' ,turnstile,b', '4,turnstile,c', ',turnstile,d', '5,turnstile,e', '5 ,turnstile,f'];
    const input = `Task ID,method,sitekey,pageurl\n${rows.map((row) => `${row},${page}\n`).join('')}`;
    const ended = await bench.run(['--sandbox', 'batch', '-', '--keep-order'], { input });
    expect(ended.code, ended.stderr).toBe(1);
    expect(rowsOf(ended.stdout).map((row) => row['Task ID'])).toEqual(['b', '2', '4', '5']);
    expect(ended.stderr).toContain('line 5, task_id: the row has none, and its row number 4 is the task_id of another');
    expect(ended.stderr).toContain('line 7, task_id: duplicate task_id 5. Task ids must be unique.');
  });
});

describe.concurrent('an input from a spreadsheet', () => {
  firstRows(it).for([
    ['semicolons, a mark and CRLF', `${mark}method;sitekey;pageurl;note\r\nturnstile;a;${page};1,5\r\n`, 'utf8'],
    ['tabs', `method\tsitekey\tpageurl\tnote\nturnstile\ta\t${page}\t1,5\n`, 'utf8'],
    ['commas', `method,sitekey,pageurl,note\nturnstile,a,${page},"1,5"\n`, 'utf8'],
    ['UTF-16', `${mark}method;sitekey;pageurl;note\r\nturnstile;a;${page};1,5\r\n`, 'utf16le'],
  ] as const)(
    'with %s has an output of the same layout, with its line numbers',
    async ([, text, encoding], { bench }) => {
      await bench.write('work/t.csv', Buffer.from(text, encoding));
      const ended = await bench.run(['--sandbox', 'batch', 't.csv', '--out', 'o.csv', '--errors', 'e.csv']);
      expect(ended.code, ended.stderr).toBe(0);
      const [header = '', row = ''] = (await readFile(join(bench.cwd, 'o.csv'), 'utf8')).split(/(?<=\n)/);
      const [given = '', givenRow = ''] = text.split(/\r?\n/);
      const end = text.includes('\r\n') ? '\r\n' : '\n';
      const delimiter = /[;\t,]/.exec(given)?.[0] ?? '';
      expect(header.startsWith(`${given}${delimiter}line${delimiter}`)).toBe(true);
      expect(row.startsWith(`${givenRow}${delimiter}2${delimiter}`)).toBe(true);
      expect([header.endsWith(end), row.endsWith(end)]).toEqual([true, true]);
      const errors = await readFile(join(bench.cwd, 'e.csv'), 'utf8');
      expect(errors).toBe(
        `${given.startsWith(mark) ? mark : ''}${['line', 'row', 'column', 'reason', 'fix'].join(delimiter)}${end}`,
      );
    },
  );

  firstRows(it).for([
    ['Western', 'M\xfcller und S\xf6hne', 'windows-1252'],
    ['Cyrillic', '\xcf\xf0\xe8\xe2\xe5\xf2', 'windows-1251'],
    ['Japanese', '\x93\xfa\x96\x7b\x8c\xea\x82\xf0', 'shift_jis'],
  ] as const)('that is not UTF-8 is one error: %s', async ([, note, encoding], { bench }) => {
    const rows = `turnstile;a;${page};${note}\r\n`.repeat(300);
    const bytes = Buffer.from(`method;sitekey;pageurl;note\r\nturnstile;a;${page};plain\r\n${rows}`, 'latin1');
    await bench.write('work/t.csv', bytes);
    const ended = await bench.run(['--sandbox', 'batch', 't.csv']);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    const [error = '', hint = '', ...more] = ended.stderr.split('\n').filter((line) => !line.startsWith('columns'));
    expect(error).toBe('error: line 3: the input is not valid UTF-8');
    expect(hint).toContain('--encoding ');
    expect(hint).toContain(encoding);
    expect(more.join('')).toBe('');
    const again = await bench.run(['--sandbox', 'batch', 't.csv', '--dry-run', '--encoding', encoding]);
    expect(again.code, again.stderr).toBe(0);
  });

  it('may have characters at every place of a chunk', async ({ bench }) => {
    const rows = Array.from(
      { length: 300 },
      (_, at) => `turnstile;a;${page};${'é€😀'.repeat(at % 7)}${'x'.repeat(at % 5)}\n`,
    );
    await bench.write('work/t.csv', `method;sitekey;pageurl;note\n${rows.join('')}`);
    const ended = await bench.run(['--sandbox', 'batch', 't.csv', '--dry-run']);
    expect(ended.code, ended.stderr).toBe(0);
  });

  it('has its blank rows skipped and counted', async ({ bench }) => {
    await bench.write(
      'work/t.csv',
      `method;sitekey;pageurl\nturnstile;a;${page}\n;;\n;;;;\n ; ;\n\nturnstile;b;${page}\n`,
    );
    const ended = await bench.run(['--sandbox', 'batch', 't.csv', '--keep-order']);
    expect(ended.code, ended.stderr).toBe(0);
    expect(rowsOf(ended.stdout).map(({ line }) => line)).toEqual(['2', '7']);
    expect(ended.stderr).toContain('3 empty rows skipped');
  });

  firstRows(it).for([
    [['batch', 't.csv', '--out', 'x.xlsx'], '--out x.xlsx: .xlsx files are not supported'],
    [['batch', 't.csv', '--errors', 'x.xls'], '--errors x.xls: .xls files are not supported'],
    [['results', '--out', 'x.xlsx'], '--out x.xlsx: .xlsx files are not supported'],
  ] as const)('has no output of another kind: %s', async ([args, message], { bench }) => {
    await bench.write('work/t.csv', `method;sitekey;pageurl\nturnstile;a;${page}\n`);
    const config = { regions: [{ name: 'r', queue: 'redis://127.0.0.1:9/0' }], results: 'redis://127.0.0.1:9/1' };
    const ended = await bench.run([...args], { config });
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(message);
  });

  it('has one under any name with --format', async ({ bench }) => {
    await bench.write('work/t.csv', `method;sitekey;pageurl\nturnstile;a;${page}\n`);
    const ended = await bench.run(['--sandbox', 'batch', 't.csv', '--out', 'x.txt', '--format', 'csv']);
    expect(ended.code, ended.stderr).toBe(0);
  });
});
