import { describe, expect, it } from 'vitest';
import { csvFormat } from '../../../src/adapters/files/output/row-format.ts';
import { csvRows } from '../../../src/commands/route/formats.ts';
import type { RouteRow } from '../../../src/commands/route/route-row.ts';
import { aRow, badDecision } from './route-rows.ts';

const files = {
  isFile: () => false,
  hasStdin: true,
  openUrls: () => {
    throw new Error('nothing is read here');
  },
  csv: (columns: readonly string[]) => csvFormat(columns, new Set(columns)),
};

function linesOf(rows: readonly RouteRow[], extra = { present: false, considered: false }): readonly string[] {
  const text = csvRows(files, extra);
  return (rows.map((row) => text.add(row)).join('') + text.end()).split('\n');
}

describe('routes as CSV', () => {
  it('have one header and a record for each URL', () => {
    expect(linesOf([aRow(), aRow({ decision: badDecision, queue: null, url: 'a, b' })])).toEqual([
      'url,host,region,rule,reason,queue,error',
      'https://shop.example.de/login,shop.example.de,eu-west-1,shop.example.de,exact host,sqs://tasks-eu,',
      '"a, b",,,,no URL,,not a URL',
      '',
    ]);
  });

  it('have further columns under --health and --explain', () => {
    const considered = [{ rule: 'default', region: 'us-east-1', matches: true, reason: 'beaten' }];
    const [head, record] = linesOf([aRow({ present: { effective: null }, considered })], {
      present: true,
      considered: true,
    });
    expect(head).toBe('url,host,region,rule,reason,queue,error,assigned,effective,considered');
    expect(record).toContain(',eu-west-1,,"[{""rule"":""default""');
  });

  it.each(['=HYPERLINK("x")', '+1+1', '-2', '@SUM(1)', '\t=1'])('contain no formula: %j', (url) => {
    const [, record = ''] = linesOf([aRow({ url })]);
    expect(record).toMatch(/^"?('|-2,| =1)/);
  });

  it('contain no control characters', () => {
    expect(linesOf([aRow({ url: 'a\u001b[2Jb\u009bc' })])[1]).toMatch(/^a \[2Jb c,/);
  });
});
