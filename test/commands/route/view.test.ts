import { describe, expect, it } from 'vitest';
import type { RouteSummary } from '../../../src/commands/route/route-row.ts';
import { renderBadUrl, renderConsidered, renderRouteSummary, routeCells } from '../../../src/commands/route/view.ts';
import { aRow, badDecision } from './route-rows.ts';

const usual: RouteSummary = {
  ...{ urls: 10, bad: 0, withoutRegion: 0, routed: 10, regionCount: 2, unreachable: [], present: null },
  byRegion: [
    { region: 'us-east-1', count: 7 },
    { region: 'eu-west-1', count: 3 },
  ],
};
const summary = (special: Partial<RouteSummary>): string => renderRouteSummary({ ...usual, ...special });

describe('the summary', () => {
  it('contains the share of every region', () => {
    expect(summary({})).toBe('10 URLs: us-east-1 7 (70 %), eu-west-1 3 (30 %)');
  });

  it('counts invalid URLs and those without a region', () => {
    expect(summary({ urls: 15, bad: 2, withoutRegion: 3 }).split('\n').slice(1)).toEqual([
      '3 without a region: no rule matches and routes.default is not set',
      '2 bad',
    ]);
  });

  it('has no shares if nothing was routed', () => {
    expect(summary({ urls: 1, bad: 1, routed: 0, byRegion: [] })).toBe('1 URL\n1 bad');
  });

  const only = (count: number): Partial<RouteSummary> => ({ routed: 100, byRegion: [{ region: 'a', count }] });
  it.each<[string, Partial<RouteSummary>, boolean]>([
    ['all of 100', only(100), true],
    ['90 of 100', only(90), true],
    ['89 of 100', only(89), false],
    ['all of 20', { routed: 20, byRegion: [{ region: 'a', count: 20 }] }, true],
    ['all of 19', { routed: 19, byRegion: [{ region: 'a', count: 19 }] }, false],
    ['all of 100, with one region only', { ...only(100), regionCount: 1 }, false],
  ])('warns if one region gets %s: %j', (_name, special, warns) => {
    expect(/^warning: a gets .* of the URLs/m.test(summary(special))).toBe(warns);
  });

  it('names regions without a rule', () => {
    expect(summary({ unreachable: ['ap-1', 'ap-2'] })).toContain(
      'warning: no rule, country or default routes to ap-1, ap-2; add a rule to routes.rules',
    );
  });

  it('shows under --health the current regions of the tasks, with reasons', () => {
    const moves = [
      {
        from: 'a',
        to: [
          { region: 'b', share: 2 / 3 },
          { region: 'c', share: 1 / 3 },
        ],
        held: false,
        reason: 'by free capacity',
      },
      { from: 'd', to: [], held: true, reason: 'no healthy region in residency eu' },
      { from: 'e', to: [], held: false, reason: 'no healthy region: tasks stay in their own region' },
    ];
    expect(
      summary({ present: { byRegion: [{ region: 'b', count: 8 }], held: 2, moves } })
        .split('\n')
        .slice(1),
    ).toEqual([
      'with failover: b 8 (80 %), (held) 2 (20 %)',
      'failover: a -> b 67 %, c 33 % (by free capacity)',
      'failover: d -> held (no healthy region in residency eu)',
      'failover: e -> home (no healthy region: tasks stay in their own region)',
    ]);
  });
});

describe('an invalid URL', () => {
  it.each([
    ['a b', 'line 7, "a b": not a URL'],
    ['', 'line 7: not a URL'],
    ['x'.repeat(100), `line 7, "${'x'.repeat(80)}…": not a URL`],
    ['a\u001b[2J"\u009b', 'line 7, "a\\u001b[2J\\"\\u009b": not a URL'],
  ])('%j is reported on one line, without control characters', (url, text) => {
    expect(renderBadUrl('line 7', aRow({ url, decision: badDecision }))).toBe(text);
  });
});

describe('the cells of a row', () => {
  it('show that no rule matches', () => {
    expect(routeCells(aRow({ decision: { region: null, rule: null }, queue: null }))).toEqual([
      'https://shop.example.de/login',
      'shop.example.de',
      '',
      '(none)',
      '',
    ]);
  });

  it('are not held if there is no region to hold for', () => {
    expect(routeCells(aRow({ decision: badDecision, present: { effective: null } }))[3]).toBe('');
  });
});

describe('the considered rules', () => {
  it('are one line each, and the deciding one is marked', () => {
    const considered = [
      { rule: '*.example.de', region: 'a', matches: true, reason: 'decides' },
      { rule: 'default', region: 'b', matches: true, reason: 'less specific' },
      { rule: 'x.de', region: 'b', matches: false, reason: 'another\u001bhost' },
    ];
    expect(renderConsidered(considered, '*.example.de')).toBe(
      '  > *.example.de  a: decides\n    default       b: less specific\n    x.de          b: another host\n',
    );
  });
});
