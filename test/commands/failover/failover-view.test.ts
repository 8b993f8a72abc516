import { describe, expect, it } from 'vitest';
import {
  type FailoverReport,
  failoverReport,
  renderApplied,
  renderFailover,
} from '../../../src/commands/failover/view.ts';
import type { FailoverMove } from '../../../src/core/regions/failover-plan.ts';
import type { RegionHealth, RegionStatus } from '../../../src/domain/region.ts';

function health(region: string, status: RegionStatus, queueDepth: number | null = null): RegionHealth {
  return { region, status, latencyMs: 9, activeWorkers: 5, queueDepth, since: 0, error: null };
}

const spread: FailoverMove = {
  from: 'us',
  to: [
    { region: 'eu', share: 2 / 3 },
    { region: 'ap', share: 1 / 3 },
  ],
  held: false,
  reason: 'by free capacity',
};
const held: FailoverMove = { from: 'us', to: [], held: true, reason: 'no healthy region in residency us' };

function reportOf(regions: readonly RegionHealth[], failover: readonly FailoverMove[]): FailoverReport {
  return failoverReport({ regions, failover, api: { reachable: true, latencyMs: 9, error: null }, note: null });
}

describe('the report of captcha failover', () => {
  it('splits the backlog of an unhealthy region among its targets, in whole tasks', () => {
    const report = reportOf([health('us', 'unhealthy', 100), health('eu', 'healthy', 1)], [spread]);
    expect(report.failover).toEqual([
      {
        from: 'us',
        backlog: 100,
        to: [
          { region: 'eu', share: 2 / 3, tasks: 67 },
          { region: 'ap', share: 1 / 3, tasks: 33 },
        ],
        held: false,
        reason: 'by free capacity',
      },
    ]);
    expect(report.regions[0]).toEqual({ region: 'us', status: 'unhealthy', queueDepth: 100, error: null });
  });

  it('does not guess an unknown backlog', () => {
    const [move] = reportOf([health('us', 'unhealthy')], [spread]).failover;
    expect(move?.backlog).toBeNull();
    expect(move?.to.map(({ tasks }) => tasks)).toEqual([null, null]);
  });
});

describe('the table of captcha failover', () => {
  const shown = (regions: readonly RegionHealth[], moves: readonly FailoverMove[], columns: number | null = null) =>
    renderFailover(reportOf(regions, moves), columns);

  it('has a row for every redirect', () => {
    expect(shown([health('us', 'unhealthy', 12_000)], [spread])).toBe(
      [
        'from  to  share  tasks  reason',
        'us    eu  67 %   8,000  by free capacity',
        'us    ap  33 %   4,000  by free capacity',
        '',
      ].join('\n'),
    );
  });

  it.each<[why: string, move: FailoverMove, row: string]>([
    ['held', held, 'us    (held)  -      7      no healthy region in residency us'],
    [
      'home',
      { ...held, held: false, reason: 'no healthy region: tasks stay in their own region' },
      'us    (home)  -      7      no healthy region: tasks stay in their own region',
    ],
  ])('shows the waiting tasks if they are %s', (_why, move, row) => {
    expect(shown([health('us', 'unhealthy', 7)], [move]).split('\n')[1]).toBe(row);
  });

  it('marks an unknown backlog, and a share that rounds to nothing', () => {
    const to = [
      { region: 'eu', share: 0.999 },
      { region: 'ap', share: 0.001 },
    ];
    const [, eu, ap] = shown([health('us', 'unhealthy')], [{ ...spread, to }]).split('\n');
    expect(eu).toBe('us    eu  100 %  unknown  by free capacity');
    expect(ap).toBe('us    ap  <1 %   unknown  by free capacity');
  });

  it.each<[regions: readonly RegionHealth[], sentence: string]>([
    [
      [health('us', 'healthy'), health('eu', 'idle'), health('ap', 'degraded')],
      'All 3 regions are serving: nothing to redirect.\n',
    ],
    [[health('us', 'healthy')], 'The only region is serving: nothing to redirect.\n'],
    [[health('us', 'healthy'), health('eu', 'unknown')], 'Nothing to redirect. Unknown health, tasks not moved: eu.\n'],
  ])('is one sentence if there is nothing to redirect (%#)', (regions, sentence) => {
    expect(shown(regions, [])).toBe(sentence);
  });

  it('fits 80 columns with 50 regions', () => {
    const moves = Array.from({ length: 50 }, (_, index) => ({ ...spread, from: `my-own-data-centre-number-${index}` }));
    const lines = shown([], moves, 80).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it.each([60, 80])('wraps reasons on a screen of %d columns', (columns) => {
    const reason = 'no healthy region in residency european-union';
    const text = shown([], [{ ...held, from: 'my-own-data-centre-number-1', reason }], columns);
    for (const word of ['my-own-data-centre-number-1', ...reason.split(' ')]) expect(text).toContain(word);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(columns);
  });
});

describe('the report of moved tasks', () => {
  const nothing = { from: 'us', moved: [], kept: 0, keptWhy: null, inFlight: 0, error: null };
  const shown = (applied: Parameters<typeof renderApplied>[0]): readonly string[] =>
    renderApplied(applied, null).trimEnd().split('\n').slice(1);

  it.each([
    ['nothing', nothing, ['us    -   0      no waiting tasks']],
    ['what went', { ...nothing, moved: [{ region: 'eu', tasks: 1_200 }] }, ['us    eu  1,200']],
    [
      'what stays',
      { ...nothing, kept: 3, keptWhy: 'no eligible target region' },
      ['us    (stay)  3      no eligible target region'],
    ],
    [
      'what dead workers may hold',
      { ...nothing, inFlight: 14 },
      ['us    (held)  14     held by its workers; tasks of dead workers can be moved in 20 s'],
    ],
    ['why not', { ...nothing, inFlight: null, error: 'away' }, ['us    -   -      away']],
  ])('shows %s', (_, applied, rows) => {
    expect(shown([applied])).toEqual(rows);
  });

  it('may be empty', () => {
    expect(renderApplied([], null)).toBe('Nothing to move.\n');
  });
});
