import { describe, expect, it } from 'vitest';
import { readStdin, valuesOf } from './read-input.ts';

describe('JSON Lines', () => {
  it('gives every plain value as text, numbers with their digits', async () => {
    const line =
      '{"method":"a\\"\\u00fc","big":12345678901234567890,"exact":1.0,"exp":-1E+5,"yes":true,"no":false,"none":null}';
    const { rows, bad } = await readStdin(`${line}\r\n`);
    expect(bad).toEqual([]);
    expect(valuesOf(rows)).toEqual([
      { method: 'a"ü', big: '12345678901234567890', exact: '1.0', exp: '-1E+5', yes: 'true', no: 'false', none: '' },
    ]);
  });

  it('may have different columns in every record', async () => {
    const { rows } = await readStdin('{"method":"a"}\n\n{"note":"x","method":"b"}\n');
    expect(valuesOf(rows)).toEqual([{ method: 'a' }, { note: 'x', method: 'b' }]);
    expect(rows.map(({ row, line }) => [row, line])).toEqual([
      [1, 1],
      [2, 3],
    ]);
  });

  it('may hold objects and arrays in columns that are never sent: their text as written', async () => {
    const line = '{"fields":{"a": "}"},"method":"a","_note":[1.0, {"b":"\\""}],"kept":[]}';
    const options = { ignoredForKey: new Set(['fields']), kept: ['kept'] };
    const { rows, bad } = await readStdin(`${line}\n{"method":"b","_note":[1}\n`, options);
    expect(valuesOf(rows)).toEqual([{ fields: '{"a": "}"}', method: 'a', _note: '[1.0, {"b":"\\""}]', kept: '[]' }]);
    expect(bad).toMatchObject([
      { line: 2, column: '_note', reason: expect.stringContaining('a complete value') as string },
    ]);
  });

  it('may have a column named __proto__', async () => {
    const { rows } = await readStdin('{"method":"a","__proto__":"p"}\n');
    expect(Object.entries(rows[0]!.values)).toContainEqual(['__proto__', 'p']);
  });

  it('has renamed columns', async () => {
    const { rows } = await readStdin('{"type":"a"}\n{"type":"b","x":1}\n', { columnNames: { type: 'method' } });
    expect(valuesOf(rows)).toEqual([{ method: 'a' }, { method: 'b', x: '1' }]);
  });

  it('keeps what is no text as it is written', async () => {
    const line = '{"method":"a","n":1.10,"ok":true,"no":null,"list":[1, 2.50],"task":{"a":1}}';
    const isCarried = (column: string): boolean => column === 'list' || column === 'task';
    const { rows, bad } = await readStdin(`${line.replace(',"task":{"a":1}', '')}\n${line}\n`, { isCarried });
    expect(valuesOf(rows)).toEqual([{ method: 'a', n: '1.10', ok: 'true', no: '', list: '[1, 2.50]' }]);
    expect(rows).toMatchObject([{ literals: ['n', 'ok', 'no', 'list'] }]);
    // Another service's request: its members belong next to the others.
    expect(bad).toMatchObject([
      { line: 2, column: 'task', fix: expect.stringContaining('without this name') as string },
    ]);
  });

  it.each([
    ['is not JSON', '{"method":"b"', null, 'not JSON: , or } expected at column 14'],
    ['breaks off in a value', '{"method":"b', 'method', 'not JSON: a complete value expected at column 11'],
    ['has no quotes around a name', '{method:"b"}', null, 'not JSON: a name in double quotes expected at column 2'],
    ['ends with a comma', '{"method":"b",}', null, 'not JSON: a name in double quotes expected at column 15'],
    ['goes on behind the object', '{"method":"b"} {}', null, 'not JSON: the end expected at column 16'],
    ['is no object', '"b"', null, 'not JSON: an object expected at column 1'],
    ['has a number that is none', '{"method":012}', 'method', 'not JSON: a complete value expected at column 11'],
    ['has a bad escape', '{"method":"\\x"}', 'method', 'not JSON: a complete value expected at column 11'],
    [
      'has a control character in a text',
      '{"method":"\t"}',
      'method',
      'not JSON: a complete value expected at column 11',
    ],
    ['has an object as a value', '{"method":{"b":1}}', 'method', 'the value is an object or an array'],
    ['has an array as a value', '{"method":"b","x":[1]}', 'x', 'the value is an object or an array'],
    ['has a name twice', '{"method":"b","method":"c"}', 'method', 'the name occurs twice'],
    ['has an empty name', '{"method":"b","":"c"}', null, 'a name is empty'],
    ['has a NUL', '{"method":"\\u0000"}', 'method', 'the value contains a NUL character'],
    [
      'is longer than 4 MiB',
      `{"method":"${'b'.repeat(4_200_000)}"}`,
      null,
      'the line has 4200013 bytes; the maximum is 4194304',
    ],
  ])('has an invalid row for a line that %s, and continues', async (_what, line, column, reason) => {
    const { rows, bad, error } = await readStdin(`{"method":"a"}\n${line}\n{"method":"c"}\n`, { format: 'jsonl' });
    expect(error).toBeNull();
    expect(valuesOf(rows)).toEqual([{ method: 'a' }, { method: 'c' }]);
    expect(bad).toMatchObject([{ row: 2, line: 2, column, reason, fix: expect.stringMatching(/\.$|"\.$/) as string }]);
  });

  it('may start with invalid lines, and takes its columns from the first valid one', async () => {
    const { rows, bad } = await readStdin(`${'x\n'.repeat(99)}{"method":"a"}\n`, { format: 'jsonl' });
    expect([bad.length, rows.length]).toEqual([99, 1]);
  });

  it.each([
    ['is empty', '\n\n', 'the input is empty'],
    [
      'has no good line',
      '{"method":\n{"method"\n',
      'no line is valid JSON; line 1: not JSON: a complete value expected at column 11',
    ],
    ['has none among its first hundred', `${'x\n'.repeat(100)}{"method":"a"}\n`, 'no line is valid JSON; line 1'],
    [
      'names none of the columns of a task',
      '{"url":"u"}\n',
      'line 1: no "method", "file", "body" or "textcaptcha" column',
    ],
  ])('is rejected when the input %s', async (_what, content, message) => {
    expect((await readStdin(content, { format: 'jsonl' })).error?.message).toContain(message);
  });

  it('accepts a text of 4 MB with many escapes', async () => {
    const text = '\\"'.repeat(2_000_000);
    const { rows, bad } = await readStdin(`{"method":"base64","body":"${text}"}\n`);
    expect(bad).toEqual([]);
    expect(rows[0]!.values['body']).toHaveLength(2_000_000);
  });
});
