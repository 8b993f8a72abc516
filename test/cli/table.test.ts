import { describe, expect, it } from 'vitest';
import { displayWidth } from '../../src/cli/display-width.ts';
import { type Narrowing, renderTable } from '../../src/cli/table.ts';

const head = ['key', 'value'];
const linesOf = (table: string): string[] => table.trimEnd().split('\n');
const numbered = (count: number): string[][] => Array.from({ length: count }, (_, index) => [`row ${index}`, 'x']);

describe('a table on a screen', () => {
  it('is boxed, without colours', () => {
    expect(renderTable(head, [['solve.timeout', '300s']], 80)).toBe(
      [
        '┌───────────────┬───────┐',
        '│ key           │ value │',
        '├───────────────┼───────┤',
        '│ solve.timeout │ 300s  │',
        '└───────────────┴───────┘',
        '',
      ].join('\n'),
    );
  });

  it('has only its head without rows', () => {
    expect(renderTable(head, [], 80)).toBe('┌─────┬───────┐\n│ key │ value │\n└─────┴───────┘\n');
  });

  it('has its natural width if that fits the screen', () => {
    expect(linesOf(renderTable(head, [['solve.timeout', '300s']], 25))[3]).toBe('│ solve.timeout │ 300s  │');
  });

  it.each([
    ['one long column', [['key', 'x'.repeat(500)]]],
    ['several long columns', [['x'.repeat(40), 'x'.repeat(300), 'x'.repeat(50), 'short']]],
    ['wide characters', [['日本語'.repeat(20), 'x'.repeat(60)]]],
  ])('fits 80 columns with %s', (_name, rows) => {
    const names = rows[0]!.map((_, column) => `c${column}`);
    for (const columns of [60, 80]) {
      expect(linesOf(renderTable(names, rows, columns)).filter((line) => displayWidth(line) > columns)).toEqual([]);
    }
  });

  it.each(['日本語', '한국어', '👍 ok', '⚡ fast', 'café'])('shows %s completely', (cell) => {
    const table = renderTable(['name', 'n'], [[cell, '1']], 80);
    expect(table).toContain(`│ ${cell} `);
    expect(table).not.toContain('…');
  });

  it('is still boxed with 200 rows', () => {
    expect(renderTable(head, numbered(200), 80)).toContain('│ row 199 │ x     │');
  });

  it('is plain with more', () => {
    const lines = linesOf(renderTable(head, numbered(500), 80));
    expect(lines).toHaveLength(501);
    expect(lines[0]).toBe('key      value');
    expect(lines[500]).toBe('row 499  x');
  });
});

describe('a table in a pipe', () => {
  it('is aligned text without lines and trailing blanks', () => {
    const rows = [
      ['solve.timeout', '300s'],
      ['a', ''],
    ];
    expect(renderTable(head, rows, null)).toBe('key            value\nsolve.timeout  300s\na\n');
  });

  it('truncates nothing', () => {
    expect(renderTable(head, [['key', 'x'.repeat(500)]], null)).toContain('x'.repeat(500));
  });

  it('has its head without rows', () => {
    expect(renderTable(head, [], null)).toBe('key  value\n');
  });

  it('accepts any number of rows', () => {
    expect(linesOf(renderTable(head, numbered(200_000), null))).toHaveLength(200_001);
  });
});

describe('a table that is wider than the screen', () => {
  const regionHead = ['region', 'status', 'ms', 'workers', 'queue', 'error'];
  const error = 'connect ECONNREFUSED 127.0.0.1:8080 after three attempts';
  const long = 'production-workers-region-in-south-america-east-1';
  const narrowing: Narrowing = { spare: ['workers', 'ms'], breaks: ['url'] };
  const shown = (rows: readonly string[][], columns: number, names = regionHead): string[] =>
    linesOf(renderTable(names, rows, columns, narrowing));

  it('loses its empty columns first, and then texts are wrapped', () => {
    expect(shown([['eu-west-1', 'unhealthy', '-', '4', '', error]], 60)).toEqual([
      '┌───────────┬───────────┬─────────┬──────────────────────┐',
      '│ region    │ status    │ workers │ error                │',
      '├───────────┼───────────┼─────────┼──────────────────────┤',
      '│ eu-west-1 │ unhealthy │ 4       │ connect ECONNREFUSED │',
      '│           │           │         │ 127.0.0.1:8080 after │',
      '│           │           │         │ three attempts       │',
      '└───────────┴───────────┴─────────┴──────────────────────┘',
    ]);
  });

  it('loses what can be spared, the least important first, for what must stay', () => {
    const [names] = shown([['my-data-centre-west', 'unhealthy', '20', '4', '70', error]], 60).slice(1);
    expect(names).toBe('│ region              │ status    │ queue │ error          │');
    const [all] = shown([['my-data-centre-west', 'unhealthy', '20', '4', '70', error]], 80).slice(1);
    expect(all).toContain('│ ms │ workers │ queue │');
  });

  it('has no box where the columns fit without', () => {
    expect(shown([[long, 'ok', '7']], 60, ['region', 'state', 'n'])).toEqual([
      `region${' '.repeat(43)}  state  n`,
      `${long}  ok     7`,
    ]);
  });

  it('is a block for each row at last, with whole names', () => {
    expect(
      shown(
        [
          [long, 'unhealthy', '-', '4', '', error],
          ['us', 'ok', '1', '2', '3', ''],
        ],
        60,
      ),
    ).toEqual([
      `region   ${long}`,
      'status   unhealthy',
      'workers  4',
      'error    connect ECONNREFUSED 127.0.0.1:8080 after three',
      '         attempts',
      '',
      'region   us',
      'status   ok',
      'ms       1',
      'workers  2',
      'queue    3',
    ]);
  });

  it('breaks words where they may be broken', () => {
    const url = `https://example.com/${'x'.repeat(60)}`;
    expect(shown([[url, 'eu-west-1', '.com']], 60, ['url', 'region', 'rule'])).toContain(
      `│ https://example.com/${'x'.repeat(17)} │ eu-west-1 │ .com │`,
    );
  });

  it.each([60, 80])('breaks wide characters anywhere, on a screen of %d columns', (columns) => {
    const lines = shown([['東京', '日本語の説明'.repeat(12), '👍🏽 fine']], columns, ['region', 'note', 'mark']);
    expect(lines[0]).toMatch(/^┌/);
    expect(new Set(lines.map(displayWidth)).size).toBe(1);
    expect(displayWidth(lines[0] ?? '')).toBeLessThanOrEqual(columns);
    expect(lines.join('').match(/[日本語の説明]/g)).toHaveLength(72);
    expect(lines.join('')).toContain('👍🏽 fine');
  });

  it('breaks words that a no-break space joins only if columns cannot be left out instead', () => {
    const row = ['a'.repeat(36), 'one\u00a0two\u00a0three four', '12345678'];
    const wide = shown([row], 60, ['region', 'text', 'ms']);
    expect(wide[3]).toBe(`│ ${'a'.repeat(36)} │ one two three │`);
    const narrow = shown([row.slice(0, 2)], 50, ['region', 'text']);
    expect(narrow.slice(1)).toEqual([`${'a'.repeat(36)}  one two`, `${' '.repeat(36)}  three four`]);
    expect(shown([row], 200, ['region', 'text', 'ms']).join()).toContain('one two three four');
    expect(renderTable(['region'], [['a\u00a0b']], null)).toBe('region\na b\n');
  });

  it('leaves out what can be spared rather than breaking words', () => {
    const url = `https://example.com/${'x'.repeat(60)}`;
    const names = (columns: number) =>
      linesOf(
        renderTable(['url', 'host', 'region'], [[url, 'example.com', 'eu-west-1']], columns, {
          spare: ['host'],
          breaks: ['url'],
        }),
      )[1];
    expect(names(80)).toMatch(/url .* host .* region/);
    expect(names(68)).toMatch(/url +│ region/);
  });

  it('colours every line of a cell', () => {
    const paint = (text: string): string => `<${text}>`;
    const table = renderTable(['region', 'text'], [['a'.repeat(36), { text: 'one two three four', paint }]], 60);
    expect(table).toContain('<one two three>');
    expect(table).toContain('<four>');
  });
});

describe('control characters', () => {
  it.each([
    ['escape codes', 'a\u001b[31mb', 'a [31mb'],
    ['a line break', 'a\r\nb', 'a  b'],
    ['a bell', 'a\u0007b', 'a b'],
    ['eight-bit codes', 'a\u009b31mb', 'a 31mb'],
    ['a change of direction', 'a\u202eb\u2066c\u200f', 'a b c'],
  ])('such as %s become blanks, on a screen and in a pipe', (_name, cell, shown) => {
    expect(renderTable(['key', 'n'], [[cell, '1']], null)).toMatch(
      new RegExp(`^${shown.replace('[', '\\[')} +1$`, 'm'),
    );
    expect(renderTable(['key', 'n'], [[cell, '1']], 80)).toContain(`│ ${shown} `);
  });
});
