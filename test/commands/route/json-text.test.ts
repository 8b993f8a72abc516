import { describe, expect, it } from 'vitest';
import { jsonDocument, jsonLines } from '../../../src/commands/route/formats.ts';
import type { RouteRow, RouteText } from '../../../src/commands/route/route-row.ts';
import { aRow, badDecision } from './route-rows.ts';

const all = (text: RouteText, rows: readonly RouteRow[]): string =>
  rows.map((row) => text.add(row)).join('') + text.end();
const lineOf = (row: RouteRow): unknown => JSON.parse(all(jsonLines(), [row]));

const route = {
  url: 'https://shop.example.de/login',
  host: 'shop.example.de',
  region: 'eu-west-1',
  rule: 'shop.example.de',
  reason: 'exact host',
  queue: 'sqs://tasks-eu',
  error: null,
};

describe('routes as JSON Lines', () => {
  it('are objects with the documented keys, in their order', () => {
    expect(all(jsonLines(), [aRow()])).toBe(`${JSON.stringify({ schemaVersion: 1, ...route })}\n`);
  });

  it('have null for missing values', () => {
    expect(lineOf(aRow({ decision: badDecision, queue: null, url: 'a b' }))).toEqual({
      ...{ schemaVersion: 1, url: 'a b', host: null, region: null, rule: null },
      ...{ reason: 'no URL', queue: null, error: 'not a URL' },
    });
  });

  it('show the current region under --health', () => {
    expect(lineOf(aRow({ present: { effective: 'us-east-1' } }))).toMatchObject({
      region: 'eu-west-1',
      assigned: 'eu-west-1',
      effective: 'us-east-1',
    });
    expect(lineOf(aRow({ present: { effective: null } }))).toMatchObject({ effective: null });
  });

  it('show the considered rules under --explain', () => {
    const considered = [{ rule: 'default', region: 'us-east-1', matches: true, reason: 'beaten\u001b[2J' }];
    expect(lineOf(aRow({ considered }))).toMatchObject({ considered });
  });

  it.each(['"', '\\', '\u001b[2J', '\u009b2J', '\u202e', '\n', '\ud800', 'é', '日本', '👍', '\u2028'])(
    'contain %j unchanged',
    (odd) => {
      const text = all(jsonLines(), [aRow({ url: `https://a.b/${odd}`, decision: { reason: `is ${odd}` } })]);
      expect(JSON.parse(text)).toMatchObject({ url: `https://a.b/${odd}`, reason: `is ${odd}` });
      expect(text.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
    },
  );

  it('cache what a rule says, but not its reason for another page', () => {
    const rows = [
      aRow(),
      aRow({ decision: { reason: 'path /eu of the host' } }),
      aRow({ decision: { region: 'us-east-1' }, queue: null }),
      aRow({ decision: { region: null, rule: null, reason: 'nothing decides' }, queue: null }),
      aRow({ decision: badDecision, queue: null }),
      aRow(),
    ];
    const lines = all(jsonLines(), rows).trimEnd().split('\n');
    const expected = rows.map(({ url, queue, decision: { host, region, rule, reason, error } }) => ({
      ...{ schemaVersion: 1, url, host, region, rule, reason, queue, error },
    }));
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(expected);
  });
});

describe('routes as one JSON document', () => {
  it('are a list in it', () => {
    const text = all(jsonDocument(), [aRow(), aRow({ url: 'b' })]);
    expect(JSON.parse(text)).toEqual({ schemaVersion: 1, routes: [route, { ...route, url: 'b' }] });
  });

  it('are written as they are decided', () => {
    const text = jsonDocument();
    expect(text.add(aRow())).toMatch(/https:\/\/shop\.example\.de\/login.*\}\n$/);
    expect(text.add(aRow({ url: 'second' }))).toMatch(/second.*\}\n$/);
  });
});
