import { describe, expect, it } from 'vitest';
import { TableText } from '../../../src/commands/route/formats.ts';
import type { RouteRow } from '../../../src/commands/route/route-row.ts';
import { aRow, badDecision } from './route-rows.ts';

function textOf(rows: readonly RouteRow[], columns: number | null = null): string {
  const table = new TableText(columns);
  return rows.map((row) => table.add(row)).join('') + table.end();
}

const rows = (count: number): RouteRow[] => Array.from({ length: count }, (_, index) => aRow({ url: `u${index}` }));

describe('routes as a table', () => {
  it('are aligned text in a pipe', () => {
    expect(textOf([aRow({ url: 'a' }), aRow({ url: 'b c', decision: badDecision, queue: null })])).toBe(
      [
        'URL  host             region     rule              queue',
        'a    shop.example.de  eu-west-1  shop.example.de   sqs://tasks-eu',
        'b c                              error: not a URL',
        '',
      ].join('\n'),
    );
  });

  it('are boxed on a screen, and fit it', () => {
    const lines = textOf([aRow({ url: `https://example.com/${'x'.repeat(300)}` })], 80)
      .trimEnd()
      .split('\n');
    expect(lines[0]).toMatch(/^┌/);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });

  it('are boxed with 200 rows, and plain with more', () => {
    expect(textOf(rows(200), 80)).toContain('│ u199 ');
    const plain = textOf(rows(201), 80);
    expect(plain).not.toContain('│');
    expect(plain.trimEnd().split('\n')).toHaveLength(202);
  });

  it('are streamed beyond the first 200 rows, under their columns', () => {
    const table = new TableText(null);
    const [held, released, next] = [
      rows(200)
        .map((row) => table.add(row))
        .join(''),
      table.add(aRow()),
      table.add(aRow()),
    ];
    expect(held).toBe('');
    expect(released.trimEnd().split('\n')).toHaveLength(202);
    expect(next).toBe('https://shop.example.de/login  shop.example.de  eu-west-1  shop.example.de  sqs://tasks-eu\n');
    expect(released.endsWith(next)).toBe(true);
    expect(table.end()).toBe('');
  });

  it.each([null, 80])('are written when the input pauses, and as they come afterwards (screen: %j)', (columns) => {
    const table = new TableText(columns);
    expect([table.hasBuffered, table.release()]).toEqual([false, '']);
    table.add(aRow({ url: 'a.de' }));
    expect(table.hasBuffered).toBe(true);
    expect(table.release()).toBe(
      'URL               host              region            rule              queue\n' +
        'a.de              shop.example.de   eu-west-1         shop.example.de   sqs://tasks-eu\n',
    );
    expect([table.hasBuffered, table.add(aRow({ url: 'b' })), table.end()]).toEqual([
      false,
      'b                 shop.example.de   eu-west-1         shop.example.de   sqs://tasks-eu\n',
      '',
    ]);
  });

  it('are aligned if characters are two columns wide', () => {
    const [, first, second] = textOf([aRow({ url: '例え.jp' }), aRow({ url: 'abcdefg' })]).split('\n');
    expect(first).toMatch(/^例え\.jp {2}shop/);
    expect(second).toMatch(/^abcdefg {2}shop/);
  });

  it('are aligned even if one URL is very long', () => {
    const [, first] = textOf([aRow({ url: 'a' }), aRow({ url: 'x'.repeat(1_000) })]).split('\n');
    expect(first).toMatch(/^a {61}shop\.example\.de {2}/);
  });

  it('show the current region under --health', () => {
    const text = textOf([aRow({ present: { effective: 'us-east-1' } }), aRow({ present: { effective: null } })]);
    expect(text).toMatch(/^URL +host +assigned +effective +rule +queue$/m);
    expect(text).toMatch(/eu-west-1 +us-east-1 +shop/);
    expect(text).toMatch(/eu-west-1 +\(held\) +shop/);
  });

  it('are explained below each row, on a screen too', () => {
    const considered = [
      { rule: 'shop.example.de', region: 'eu-west-1', matches: true, reason: 'exact host' },
      { rule: '.de', region: 'eu-west-1', matches: true, reason: 'beaten by shop.example.de' },
    ];
    const expected = [
      '  > shop.example.de  eu-west-1: exact host',
      '    .de              eu-west-1: beaten by shop.example.de',
    ];
    const lines = textOf([aRow({ considered }), aRow({ considered })], 80).split('\n');
    expect(lines.slice(2, 4)).toEqual(expected);
    expect(lines.slice(5, 7)).toEqual(expected);
  });

  it('contain no control characters, boxed or not', () => {
    const row = aRow({ url: 'a\u001b]0;x\u0007b', decision: { rule: '\u009b2J' } });
    for (const columns of [80, null]) {
      expect(textOf([row], columns).replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    }
  });
});
