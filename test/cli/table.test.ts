import { describe, expect, it } from 'vitest';
import { renderTable } from '../../src/cli/table.ts';

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

  it('truncates the widest cell if the screen is narrower', () => {
    expect(linesOf(renderTable(head, [['solve.timeout', '300s']], 24))[3]).toBe('│ solve.timeo… │ 300s  │');
  });

  it.each([
    ['one long column', [['key', 'x'.repeat(500)]]],
    ['several long columns', [['x'.repeat(40), 'x'.repeat(300), 'x'.repeat(50), 'short']]],
    ['wide characters', [['日本語'.repeat(20), 'x'.repeat(60)]]],
  ])('fits 80 columns with %s', (_name, rows) => {
    const wide = (line: string): number => line.length + (line.match(/[\u3000-\u9fff]/g)?.length ?? 0);
    const columns = rows[0]!.map((_, column) => `c${column}`);
    expect(linesOf(renderTable(columns, rows, 80)).filter((line) => wide(line) > 80)).toEqual([]);
  });

  it('keeps short columns complete while long ones share the rest', () => {
    const table = renderTable(['a', 'b', 'c'], [['x'.repeat(100), 'y'.repeat(100), 'short']], 60);
    expect(linesOf(table)[3]).toBe(`│ ${'x'.repeat(21)}… │ ${'y'.repeat(21)}… │ short │`);
  });

  it.each([5, 12, 16])('is plain text that fits if a box would be wider than %d columns', (columns) => {
    const lines = linesOf(renderTable(head, [['solve.timeout', '300s']], columns));
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
    expect(lines[1]).toMatch(/^solv/);
  });

  it('leaves half of a narrow screen to the other columns', () => {
    const rows = [['x'.repeat(50), 'unhealthy', '1', '2', '3', '4']];
    expect(linesOf(renderTable(['a', 'b', 'c', 'd', 'e', 'f'], rows, 34))[1]).toBe(
      `${'x'.repeat(16)}…  unhealthy  1  …`,
    );
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
