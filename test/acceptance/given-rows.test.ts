import { describe, expect } from 'vitest';
import { rowsOf } from './support/batch.ts';
import { it } from './support/bench.ts';

const page = 'https://example.com/login';
const mark = '\uFEFF';

describe.concurrent('rows as people write them', () => {
  it.for([
    ['blanks around names and values', `task_id, method, sitekey, pageurl\n17 , turnstile , a , ${page}\n`],
    ['other spellings of the names', `TASK ID,Method,Site_Key,Page-URL\n17,turnstile,a,${page}\n`],
    ['a declared delimiter', `sep=;\ntask_id;method;sitekey;pageurl\n17;turnstile;a;${page}\n`],
    ['a declared delimiter in quotes', `"sep=;"\r\ntask_id;method;sitekey;pageurl;a,b,c\r\n17;turnstile;a;${page};\r\n`],
    ['an id that is a row number', `task_id,method,sitekey,pageurl\n17,turnstile,a,${page}\n`],
  ])('with %s are solved', async ([, input], { bench }) => {
    const flags = ['--format', 'jsonl', '--method', 'turnstile'];
    const { code, stdout, stderr } = await bench.run(['--sandbox', 'batch', '-', ...flags], { input });
    expect({ code, lines: stdout.trim().split('\n').length }, stderr).toEqual({ code: 0, lines: 1 });
    expect(JSON.parse(stdout)).toMatchObject({ status: 'solved' });
    expect(stderr).not.toMatch(/bad row|warning/);
  });

  it.for([
    ['the header of a second file', `${mark}method,pageurl,sitekey`],
    ['a quoted header of a second file', `${mark}"method","sitekey","pageurl"`],
    ['a header in capitals', 'METHOD,SITEKEY,PAGEURL'],
  ])('are not made from %s', async ([, again], { bench }) => {
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
