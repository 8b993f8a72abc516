import { rename, truncate, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { fileWith, readAll, readStdin, sourceOf, valuesOf } from './read-input.ts';

const row = { method: 'turnstile', note: 'a' };
const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');

const readable: [what: string, content: string | Uint8Array, rows: Record<string, string>[]][] = [
  ['plain', 'method,note\nturnstile,a\n', [row]],
  ['without a last line end', 'method,note\nturnstile,a', [row]],
  ['with CRLF', 'method,note\r\nturnstile,a\r\n', [row]],
  ['with CR alone', 'method,note\rturnstile,a\r', [row]],
  ['with line ends of all kinds', 'method,note\r\nturnstile,a\nturnstile,a\rturnstile,a', [row, row, row]],
  ['with CR CR LF', 'method,note\r\r\nturnstile,a\r\r\n', [row]],
  ['with a byte order mark', '\uFEFFmethod,note\nturnstile,a\n', [row]],
  ['with a mark before a quoted header', '\uFEFF"method","note"\nturnstile,a\n', [row]],
  ['in UTF-16LE with a mark', utf16('\uFEFFmethod,note\r\nturnstile,ä€😀\r\n'), [{ ...row, note: 'ä€😀' }]],
  ['in UTF-16BE with a mark', utf16('\uFEFFmethod,note\nturnstile,ä€😀').swap16(), [{ ...row, note: 'ä€😀' }]],
  ['in UTF-16LE without a mark', utf16('method,note\nturnstile,ä'), [{ ...row, note: 'ä' }]],
  ['in UTF-16BE without a mark', utf16('method,note\nturnstile,ä').swap16(), [{ ...row, note: 'ä' }]],
  ['with semicolons', 'method;note\nturnstile;a,b\n', [{ ...row, note: 'a,b' }]],
  ['with tabs', 'method\tnote\nturnstile\ta;b,c\n', [{ ...row, note: 'a;b,c' }]],
  ['with bars', 'method|note\nturnstile|a\n', [row]],
  ['with sep=; above the header', 'sep=;\r\nmethod;note\r\nturnstile;a\r\n', [row]],
  [
    'with delimiters inside a quoted header',
    '"method","a;b;c"\nturnstile,x\n',
    [{ method: 'turnstile', 'a;b;c': 'x' }],
  ],
  [
    'with two delimiters in the header',
    'method;a,b\nx;1\ny;2\n',
    [
      { method: 'x', 'a,b': '1' },
      { method: 'y', 'a,b': '2' },
    ],
  ],
  ['with a line end inside quotes', 'method,note\nturnstile,"a\r\nb"\n', [{ ...row, note: 'a\r\nb' }]],
  ['with doubled quotes', 'method,note\nturnstile,"say ""hi"""\n', [{ ...row, note: 'say "hi"' }]],
  ['with a value that is one quote', 'method,note\nturnstile,""""\n', [{ ...row, note: '"' }]],
  ['with empty quotes', 'method,note\n"turnstile",""\n', [{ ...row, note: '' }]],
  [
    'with a quote inside a plain value',
    'method,note\nturnstile,6" pipe\nturnstile,a\n',
    [{ ...row, note: '6" pipe' }, row],
  ],
  ['with empty lines and lines of blanks', '\n\nmethod,note\n\n   \nturnstile,a\n\n\n', [row]],
  ['with blanks around the names', ' method , note\nturnstile,a\n', [row]],
  ['with blanks around the values, which are kept', 'method,note\nturnstile, a \n', [{ ...row, note: ' a ' }]],
  ['with one column', 'method\nturnstile\n', [{ method: 'turnstile' }]],
  ['with a header only', 'method,note\n', []],
];

describe('a CSV', () => {
  it.each(readable)('%s is read', async (_what, content, rows) => {
    const found = await readAll(sourceOf({ path: await fileWith(content) }));
    expect({ rows: valuesOf(found.rows), bad: found.bad, error: found.error }).toEqual({ rows, bad: [], error: null });
  });

  it('returns its column names in order, mapped', async () => {
    const path = await fileWith('type,url,note\nturnstile,u,a\n');
    const source = sourceOf({ path, columnNames: { type: 'method', url: 'pageurl' } });
    expect(await source.columns()).toEqual(['method', 'pageurl', 'note']);
    expect(valuesOf((await readAll(source)).rows)).toEqual([{ method: 'turnstile', pageurl: 'u', note: 'a' }]);
  });

  it('may have columns named __proto__ and constructor', async () => {
    const { rows } = await readStdin('method,__proto__,toString\nturnstile,p,t\n');
    expect(Object.entries(rows[0]!.values)).toEqual([
      ['method', 'turnstile'],
      ['__proto__', 'p'],
      ['toString', 't'],
    ]);
    expect(rows[0]!.values['constructor']).toBeUndefined();
    expect(({} as Record<string, unknown>)['p']).toBeUndefined();
  });

  it('is read in the requested encoding', async () => {
    const content = Buffer.concat([Buffer.from('method,note\nturnstile,'), Buffer.from([0xfc, 0x80, 0x92])]);
    for (const encoding of ['latin1', 'windows-1252']) {
      expect((await readStdin(content, { encoding })).rows[0]!.values['note']).toBe('ü€’');
    }
  });

  it('is split by the requested delimiter', async () => {
    const { rows } = await readStdin('method#note,x\nturnstile#a,b\n', { delimiter: '#' });
    expect(valuesOf(rows)).toEqual([{ method: 'turnstile', 'note,x': 'a,b' }]);
    const tabbed = await readStdin('method\ta,b;c\nturnstile\t1\n', { delimiter: '\\t' });
    expect(valuesOf(tabbed.rows)).toEqual([{ method: 'turnstile', 'a,b;c': '1' }]);
  });

  it('with the extension .tsv is split by tabs', async () => {
    const path = await fileWith('a,b,c,method\tx\n1\t2\n', 'tasks.tsv');
    expect((await readAll(sourceOf({ path, columnNames: { 'a,b,c,method': 'method' } }))).rows).toHaveLength(1);
  });

  it('may contain an image of 4 MB', async () => {
    const body = 'A'.repeat(4_000_000);
    const { rows, bad } = await readStdin(`method,body\nbase64,${body}\nbase64,b\n`);
    expect(rows.map(({ values }) => values['body']!.length)).toEqual([4_000_000, 1]);
    expect(bad).toEqual([]);
  });
});

describe('the line of a record', () => {
  it.each(['\n', '\r\n', '\r'])('is correct across quoted and blank lines that end in %j', async (end) => {
    const lines = ['', 'method,note', 'a,"1', '2', '3"', '', 'b,x', 'c,"', '"', 'd,y'];
    const { rows } = await readStdin(lines.join(end));
    expect(rows.map(({ row, line }) => [row, line])).toEqual([
      [1, 3],
      [2, 7],
      [3, 8],
      [4, 10],
    ]);
  });

  it('cannot be read if the file changes meanwhile, but can if another file replaces it', async () => {
    const content = `method,note\n${'a,1\n'.repeat(20_000)}`;
    for (const isReplaced of [false, true]) {
      const path = await fileWith(content);
      const source = sourceOf({ path });
      let count = 0;
      const reading = (async () => {
        for await (const { row: number } of source.records()) {
          count = number;
          if (count === 1 && isReplaced) {
            await writeFile(`${path}.new`, 'method\n');
            await rename(`${path}.new`, path);
          } else if (count === 1) await truncate(path, 1_000);
        }
      })();
      if (isReplaced) await reading;
      else await expect(reading).rejects.toThrow('changed while it was being read');
      expect(count === 20_000).toBe(isReplaced);
    }
  });
});
