import { describe, expect, it } from 'vitest';
import { fileWith, readAll, readStdin, sourceOf, valuesOf } from './read-input.ts';

describe('a record of a CSV that cannot be read', () => {
  it.each([
    ['has too few fields', 'a,1\nb\nc,3\n', 'b', null, '1 field where the header has 2'],
    ['has too many fields', 'a,1\nb,2,3\nc,3\n', 'b', null, '3 fields where the header has 2'],
    ['has text after a quote', 'a,1\nb,"2" x\nc,3\n', 'b', 'note', 'text follows the closing quote of a field'],
    ['has a blank before a quote', 'a,1\nb, "2"\nc,3\n', 'b', 'note', 'a quote opens after a space'],
    ['has a NUL', 'a,1\nb,2\0\nc,3\n', 'b', 'note', 'the value contains a NUL character'],
  ])('is an invalid row between its neighbours when it %s', async (_what, lines, _name, column, reason) => {
    const { rows, bad, error } = await readStdin(`method,note\n${lines}`);
    expect(error).toBeNull();
    expect(valuesOf(rows)).toEqual([
      { method: 'a', note: '1' },
      { method: 'c', note: '3' },
    ]);
    expect(bad).toEqual([
      { type: 'bad', row: 2, line: 3, column, reason, fix: expect.stringMatching(/\.$/) as string },
    ]);
  });

  it('ends the input, with the encoding to try, when it contains bytes that are not UTF-8', async () => {
    const content = Buffer.from('method,note\nturnstile,a\nturnstile,\xfc\nturnstile,b\n', 'latin1');
    const { bad, error } = await readStdin(content);
    expect(bad).toEqual([]);
    expect(error?.message).toBe('line 3: the input is not valid UTF-8');
    expect(error?.hint).toContain('--encoding windows-1252');
  });

  it.each(['shift_jis', 'euc-kr'])('ends the input when it contains bytes that are not %s', async (encoding) => {
    const { error } = await readStdin(Buffer.from('method,note\nturnstile,\xff\n', 'latin1'), { encoding });
    expect(error?.message).toContain(`not valid ${encoding}`);
  });

  it('is an invalid row when it exceeds 4 MiB, and the next one is read', async () => {
    const { rows, bad } = await readStdin(`method,body\nbase64,${'A'.repeat(5_000_000)}\nbase64,b\n`);
    expect(bad).toMatchObject([
      { row: 1, line: 2, column: 'body', reason: expect.stringContaining('4194304') as string },
    ]);
    expect(rows).toMatchObject([{ row: 2, line: 3 }]);
  });

  it('does not consume the lines after a quote that is not closed in its line', async () => {
    const { rows, bad, error } = await readStdin('method,note\na,1\nb,"2\nc,"3"\nd,"4"\ne,5\n');
    expect(error).toBeNull();
    expect(rows.map(({ values, line }) => [values['method'], line])).toEqual([
      ['a', 2],
      ['c', 4],
      ['d', 5],
      ['e', 6],
    ]);
    expect(bad).toMatchObject([{ row: 2, line: 3, column: 'note' }]);
  });

  it('costs one invalid row for each of many lines with an open quote', async () => {
    const { bad, rows, error } = await readStdin(`method,note\n${'a,"b\n'.repeat(2000)}a,c\na,"d"\n`);
    expect(error).toBeNull();
    expect(bad).toHaveLength(2000);
    expect(valuesOf(rows)).toEqual([
      { method: 'a', note: 'c' },
      { method: 'a', note: 'd' },
    ]);
  });

  it('names the lines from which a record of the wrong length was read', async () => {
    const { bad } = await readStdin('method,note,x\na,"1\nb,2\nc,"\n');
    expect(bad[0]).toMatchObject({ line: 2, reason: '2 fields where the header has 3, read from lines 2 to 4' });
  });
});

describe('irregularities in a CSV', () => {
  it('may be in the spelling of the header', async () => {
    expect((await readStdin('METHOD ,x\na,1\n')).rows).toHaveLength(1);
  });

  it.each([
    ['is passed over where its cells are empty', 'a,1,\nb,2\n', ['row', 'row']],
    ['costs the record in which something stands', 'a,1,x\nb,2,\n', ['bad', 'row']],
  ])('may be a trailing column without a name that %s', async (_what, lines, types) => {
    const { all, error } = await readStdin(`method,note,\n${lines}`);
    expect(error).toBeNull();
    expect(all.map(({ type }) => type)).toEqual(types);
  });

  it('may be a record of delimiters only, whatever their number', async () => {
    const { rows, bad } = await readStdin('method,note\na,1\n,\n,,,\nb,2\n');
    expect(bad).toEqual([]);
    expect(rows.map(({ row, values }) => [row, values['method']])).toEqual([
      [1, 'a'],
      [2, ''],
      [3, ''],
      [4, 'b'],
    ]);
  });

  it('may be a repeated header, which is an invalid row', async () => {
    const { bad, rows } = await readStdin('method,note\na,1\n\ufeffmethod, note\nmethod,x\n');
    expect(bad).toMatchObject([{ line: 3, reason: 'the line repeats the header' }]);
    expect(rows).toHaveLength(2);
  });
});

describe('a CSV that cannot be used', () => {
  it.each([
    ['is empty', '', 'the input is empty'],
    ['is blank', '\n \r\n\n', 'the input is empty'],
    [
      'has an unclosed quote',
      'method,note\na,1\n"b,2\nc,3\n',
      'line 3: the quote that opens in field 1 is never closed',
    ],
    [
      'has an unclosed quote in the header',
      'method,"note\na,1\n',
      'line 1: the quote that opens in field 2 is never closed',
    ],
    ['has two columns of a name', 'method,note, note\na,1,2\n', 'line 1: duplicate column "note"'],
    ['has a column without a name', 'method,,note\na,1,2\n', 'line 1: column 2 has no name'],
    [
      'has no header',
      'turnstile,0x4A,https://a.example\n',
      'line 1: no "method", "file", "body" or "textcaptcha" column; found',
    ],
    [
      'has none of the columns of a task',
      '\nurl,key\nu,k\n',
      'line 2: no "method", "file", "body" or "textcaptcha" column; found',
    ],
    ['is a picture', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), 'the input is an image'],
    ['is binary', Buffer.from('00ff00011b0a', 'hex'), 'the input is not text'],
    ['is packed', Buffer.from('1f8b0800000000000003', 'hex'), 'the input is gzip data'],
    ['is a workbook', Buffer.from('504b030414000600', 'hex'), 'the input is a spreadsheet'],
    ['is UTF-32', Buffer.from('fffe00006d000000', 'hex'), 'the input is UTF-32'],
    [
      'has a header in another encoding',
      Buffer.from('method,gr\xf6\xdfe\n', 'latin1'),
      'line 1: the input is not valid UTF-8',
    ],
    ['is one JSON array', '[{"method":"turnstile"}]', 'the input is one JSON array'],
  ])('is rejected when it %s', async (_what, content, message) => {
    const path = await fileWith(content, 'tasks.txt');
    const { error } = await readAll(sourceOf({ path }));
    expect(error?.message).toContain(message);
    expect(error?.hint).toBeTruthy();
  });

  it('gives the records before an open quote, and then the error', async () => {
    const { rows, error } = await readStdin('method,note\na,1\nb,2\nc,"3\n');
    expect(valuesOf(rows)).toEqual([
      { method: 'a', note: '1' },
      { method: 'b', note: '2' },
    ]);
    expect(error?.message).toBe('line 4: the quote that opens in field 2 is never closed');
  });

  it.each([10_001, 200_000])('is rejected at once when its header has %i columns', async (count) => {
    const names = Array.from({ length: count }, (_, index) => `c${index}`).join(',');
    const { error } = await readStdin(`method,${names}\n`);
    expect(error?.message).toBe(`line 1: the header has ${count + 1} columns; the maximum is 10000`);
  });

  it('has its reason however many fields it has', async () => {
    const { rows, bad } = await readStdin(`method,note\na,${'x,'.repeat(2_200_000)}\nb,2\n`);
    expect(bad).toMatchObject([{ line: 2, reason: expect.stringContaining('the maximum is 4194304') as string }]);
    expect(rows).toHaveLength(1);
  });

  it('is rejected when a record does not end within 16 MiB', async () => {
    const { rows, error } = await readStdin(`method,note\na,1\nb,"${'x,'.repeat(9_000_000)}`);
    expect(rows).toHaveLength(1);
    expect(error?.message).toBe('line 3: the quote that opens in field 2 is never closed');
  });

  it.each([
    ['an unknown column', { columnNames: { typ: 'method' } }, '--map: unknown column "typ"'],
    ['two columns to one name', { columnNames: { note: 'method' } }, 'duplicate column "method"'],
    ['an unknown encoding', { encoding: 'utf-9' }, '--encoding utf-9: unknown encoding'],
  ])('is rejected when the options name %s', async (_what, options, message) => {
    expect((await readStdin('method,note\na,1\n', options)).error?.message).toContain(message);
  });

  it('suggests the column with the closest name', async () => {
    const { error } = await readStdin('captchaType,URL\nturnstile,u\n');
    expect(error?.hint).toContain('--map captchaType=method');
  });
});
