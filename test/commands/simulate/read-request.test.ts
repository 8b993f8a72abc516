import { describe, expect, it } from 'vitest';
import {
  readBreaker,
  readScenario,
  readStrategies,
  type SimulateFlags,
} from '../../../src/commands/simulate/request.ts';
import { refusalOf } from '../../cli/support/refusal.ts';

const usual = {
  clients: 50,
  ratePerSecond: 10 / 3,
  outage: { fromMs: 60_000, toMs: 90_000 },
  durationMs: 300_000,
  seed: 1,
};

describe('the simulated scenario', () => {
  it.each<[SimulateFlags, object]>([
    [{}, {}],
    [{ clients: '300' }, { clients: 300, ratePerSecond: 20 }],
    [{ rate: '5/s' }, { ratePerSecond: 5 }],
    [{ outage: '2m' }, { outage: { fromMs: 60_000, toMs: 180_000 }, durationMs: 390_000 }],
    [{ outage: '10s-20s' }, { outage: { fromMs: 10_000, toMs: 20_000 }, durationMs: 230_000 }],
    [
      { outage: '0s-20s', duration: '1m' },
      { outage: { fromMs: 0, toMs: 20_000 }, durationMs: 60_000 },
    ],
    [{ seed: '42' }, { seed: 42 }],
    [{ solveTime: '11s' }, { solveMs: [5_500, 16_500], ratePerSecond: 50 / 12 }],
    [
      { solveTime: '4s-8s', rate: '2/s' },
      { solveMs: [4_000, 8_000], ratePerSecond: 2, clients: 14 },
    ],
  ])('with %j differs from the default by %j', (flags, different) => {
    expect(readScenario(flags)).toEqual({ ...usual, ...different });
  });

  it.each<[SimulateFlags, RegExp]>([
    [{ clients: '0' }, /^--clients 0: not a number from 1/],
    [{ clients: 'many' }, /^--clients many/],
    [{ rate: '5' }, /^--rate 5: not a rate .*--rate 5\/s/],
    [{ rate: '0/s' }, /^--rate 0\/s/],
    [{ rate: '500/s' }, /^--rate 500\/s: too high for 50 clients .*--clients 7500/],
    [{ outage: '60' }, /^--outage 60: not a duration .*did you mean 60s/],
    [{ outage: '20s-10s' }, /^--outage 20s-10s: it ends before it begins/],
    [{ duration: '80s' }, /^--duration ends before the outage/],
    [{ seed: '1.5' }, /^--seed 1.5/],
    [{ solveTime: '8s-4s' }, /^--solve-time 8s-4s: it ends before it begins/],
    [{ solveTime: '6' }, /^--solve-time 6: not a duration .*did you mean 6s/],
    [{ solveTime: '6s', rate: '1/s', clients: '9' }, /cannot all be set/],
  ])('%j is refused, with a valid example', async (flags, message) => {
    expect(await refusalOf(async () => readScenario(flags))).toMatch(message);
  });

  it('compares the configurable strategies, or the named ones, each once', () => {
    expect(readStrategies({})).toHaveLength(6);
    expect(readStrategies({ strategy: ['equal-jitter', 'none', 'none'] })).toEqual(['equal-jitter', 'none']);
    expect(() => readStrategies({ strategy: ['jitter'] })).toThrow('--strategy jitter: unknown strategy');
  });

  it('knows the breaker on, off and both', () => {
    expect([readBreaker({}), readBreaker({ breaker: 'on' }), readBreaker({ breaker: 'off' })]).toEqual([
      [false, true],
      [true],
      [false],
    ]);
    expect(() => readBreaker({ breaker: 'open' })).toThrow('--breaker open: must be on or off');
  });
});
