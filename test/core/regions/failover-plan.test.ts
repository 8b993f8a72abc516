import { describe, expect, it } from 'vitest';
import {
  type FailoverMove,
  type FailoverOptions,
  planFailover,
  type RegionState,
} from '../../../src/core/regions/failover-plan.ts';
import { aState } from './some-regions.ts';

const spread: FailoverOptions = { strategy: 'spread', onAllDown: 'hold' };
const lowestDepth: FailoverOptions = { strategy: 'lowest-depth', onAllDown: 'hold' };
const strategies = ['spread', 'lowest-depth'] as const;

const dead = (name: string, special = {}): RegionState => aState(name, { status: 'unhealthy', ...special });

/** The shares in percent, by region. */
const percents = ({ to }: FailoverMove): Record<string, number> =>
  Object.fromEntries(to.map(({ region, share }) => [region, Math.round(share * 1_000) / 10]));

function onlyMove(states: readonly RegionState[], options: FailoverOptions = spread): FailoverMove {
  const moves = planFailover(states, options);
  expect(moves).toHaveLength(1);
  return moves[0]!;
}

const moveOf = (moves: readonly FailoverMove[], from: string): FailoverMove =>
  moves.find((move) => move.from === from)!;

describe('the failover plan', () => {
  it('is empty if all regions serve', () => {
    const states = [aState('a'), aState('b', { status: 'idle' }), aState('c', { status: 'degraded' })];
    expect(planFailover(states, spread)).toEqual([]);
  });

  it.each<[why: string, states: readonly RegionState[], shares: Record<string, number>]>([
    [
      'in proportion to free workers',
      [aState('a', { activeWorkers: 60, queueDepth: 0 }), aState('b', { activeWorkers: 20, queueDepth: 0 })],
      { a: 75, b: 25 },
    ],
    [
      'less to a deeper queue',
      [aState('a', { activeWorkers: 50, queueDepth: 40 }), aState('b', { activeWorkers: 50, queueDepth: 10 })],
      { b: 80, a: 20 },
    ],
    [
      'nothing to a full region while another has room for all',
      [aState('a', { activeWorkers: 10, queueDepth: 12 }), aState('b', { activeWorkers: 90, queueDepth: 0 })],
      { b: 100 },
    ],
    [
      'what was already redirected counts as load',
      [
        aState('a', { activeWorkers: 50, queueDepth: 0, redirectedCount: 40 }),
        aState('b', { activeWorkers: 50, queueDepth: 10 }),
      ],
      { b: 80, a: 20 },
    ],
    [
      'a queue of unknown depth is as full as the fullest known one',
      [
        aState('a', { activeWorkers: 50 }),
        aState('b', { activeWorkers: 50, queueDepth: 40 }),
        aState('c', { activeWorkers: 50, queueDepth: 20 }),
      ],
      { c: 60, a: 20, b: 20 },
    ],
    [
      'weight stands in for workers that are unknown',
      [aState('a', { weight: 3, queueDepth: 0 }), aState('b', { queueDepth: 0 })],
      { a: 75, b: 25 },
    ],
    [
      'weight says nothing where workers are known',
      [aState('a', { weight: 3, activeWorkers: 10, queueDepth: 0 }), aState('b', { activeWorkers: 10, queueDepth: 0 })],
      { a: 50, b: 50 },
    ],
    [
      'a region that does not count its workers has as many as the others on average, times its weight',
      [
        aState('a', { activeWorkers: 30, queueDepth: 0 }),
        aState('b', { activeWorkers: 10, queueDepth: 0 }),
        aState('c', { weight: 2, queueDepth: 0 }),
      ],
      { c: 50, a: 37.5, b: 12.5 },
    ],
    [
      'an idle region wakes up to as many workers as the others have',
      [
        aState('a', { activeWorkers: 20, queueDepth: 0 }),
        aState('b', { status: 'idle', activeWorkers: 0, queueDepth: 0 }),
      ],
      { a: 50, b: 50 },
    ],
    [
      'a degraded region has half its workers',
      [
        aState('a', { activeWorkers: 20, queueDepth: 0 }),
        aState('b', { status: 'degraded', activeWorkers: 20, queueDepth: 0 }),
      ],
      { a: 66.7, b: 33.3 },
    ],
    ['equal shares where nothing is known', [aState('a'), aState('b')], { a: 50, b: 50 }],
    ['a region of unknown health takes nothing', [aState('a'), aState('b', { status: 'unknown' })], { a: 100 }],
  ])('spreads by free capacity: %s', (_why, serving, shares) => {
    expect(percents(onlyMove([dead('x'), ...serving]))).toEqual(shares);
  });

  it('levels the queues if the backlog exceeds the free capacity', () => {
    const states = [
      dead('x', { queueDepth: 100 }),
      aState('a', { activeWorkers: 10, queueDepth: 80 }),
      aState('b', { activeWorkers: 10, queueDepth: 20 }),
    ];
    expect(percents(onlyMove(states))).toEqual({ b: 80, a: 20 });
  });

  it('does not overload a region with the tasks of several failed ones', () => {
    const states = [
      dead('x', { queueDepth: 60, residency: 'eu' }),
      dead('y', { queueDepth: 60 }),
      aState('a', { activeWorkers: 60, queueDepth: 0, residency: 'eu' }),
      aState('b', { activeWorkers: 60, queueDepth: 0 }),
    ];
    const moves = planFailover(states, spread);
    expect(percents(moveOf(moves, 'x'))).toEqual({ a: 100 });
    expect(percents(moveOf(moves, 'y'))).toEqual({ b: 100 });
  });

  it('plans the region with the fewest candidates first, and returns moves in region order', () => {
    const states = [
      dead('y', { queueDepth: 500 }),
      dead('x', { residency: 'eu' }),
      aState('a', { residency: 'eu', activeWorkers: 10, queueDepth: 0 }),
      aState('b', { activeWorkers: 10, queueDepth: 0 }),
    ];
    const [y, x] = planFailover(states, spread);
    expect([y!.from, x!.from]).toEqual(['y', 'x']);
    expect(y!.to[0]!.region).toBe('b');
  });

  it('breaks ties by distance, then by name', () => {
    const states = [
      dead('x', { location: [50, 8] }),
      aState('nowhere'),
      aState('tokyo', { location: [35, 139] }),
      aState('paris', { location: [48, 2] }),
      aState('amsterdam', { location: [48, 2] }),
    ];
    const near = ['amsterdam', 'paris', 'tokyo', 'nowhere'];
    expect(onlyMove(states).to.map(({ region }) => region)).toEqual(near);
    expect(onlyMove(states, lowestDepth).to).toEqual([{ region: 'amsterdam', share: 1 }]);
  });

  it.each(strategies)('never leaves the residency group (%s), and reports that', (strategy) => {
    const states = [dead('x', { residency: 'eu' }), aState('a', { residency: 'us' }), aState('b')];
    const reason = 'no healthy region in residency eu';
    expect(onlyMove(states, { strategy, onAllDown: 'home' })).toEqual({ from: 'x', to: [], held: true, reason });
  });

  it('moves the tasks of a region outside the groups into any group', () => {
    expect(percents(onlyMove([dead('x'), aState('a', { residency: 'us' })]))).toEqual({ a: 100 });
  });

  it.each<[onAllDown: 'hold' | 'home', held: boolean, reason: string]>([
    ['hold', true, 'no healthy region'],
    ['home', false, 'no healthy region: tasks stay in their own region'],
  ])('with no region serving and onAllDown %s, held is %s', (onAllDown, held, reason) => {
    const moves = planFailover([dead('a'), dead('b'), aState('c', { status: 'unknown' })], { ...spread, onAllDown });
    expect(moves).toEqual([
      { from: 'a', to: [], held, reason },
      { from: 'b', to: [], held, reason },
    ]);
  });

  it.each<[states: readonly RegionState[], options: FailoverOptions, reason: string]>([
    [[dead('x'), aState('a'), aState('b')], spread, 'by free capacity'],
    [[dead('x'), aState('a'), aState('b')], lowestDepth, 'lowest queue depth'],
    [[dead('x'), aState('a')], spread, 'the only healthy region'],
    [
      [dead('x', { residency: 'eu' }), aState('a', { residency: 'eu' }), aState('b')],
      spread,
      'the only healthy region in residency eu',
    ],
  ])('gives the reason (%#)', (states, options, reason) => {
    expect(onlyMove(states, options).reason).toBe(reason);
  });

  it.each<[why: string, serving: readonly RegionState[], target: string]>([
    ['the shortest queue', [aState('us', { queueDepth: 5_000 }), aState('eu', { queueDepth: 3 })], 'eu'],
    ['whatever works on it', [aState('a', { queueDepth: 9, activeWorkers: 90 }), aState('b', { queueDepth: 8 })], 'b'],
    ['an unknown depth comes last', [aState('a'), aState('b', { queueDepth: 5_000 })], 'b'],
  ])('lowest-depth sends all to one region: %s', (_why, serving, target) => {
    expect(onlyMove([dead('x'), ...serving], lowestDepth).to).toEqual([{ region: target, share: 1 }]);
  });
});
