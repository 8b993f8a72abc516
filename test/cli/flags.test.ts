import { describe, expect, it } from 'vitest';
import { budgetOverrides, overridesOf, parsePairs, repeatable } from '../../src/cli/flags.ts';
import { refusalOf } from './support/refusal.ts';

describe('repeatable', () => {
  it('collects values in order', () => {
    expect(repeatable('b', repeatable('a', undefined))).toEqual(['a', 'b']);
  });
});

describe('overridesOf', () => {
  const paths = { timeout: 'solve.timeout', maxAttempts: 'retry.maxAttempts' };

  it('contains the key, the text as written and the flag as typed', () => {
    expect(overridesOf({ timeout: '5s', maxAttempts: '2' }, paths)).toEqual([
      { path: 'solve.timeout', value: '5s', from: '--timeout' },
      { path: 'retry.maxAttempts', value: '2', from: '--max-attempts' },
    ]);
  });

  it('omits flags that were not given, and keeps empty values', () => {
    expect(overridesOf({ timeout: undefined, maxAttempts: '' }, paths)).toEqual([
      { path: 'retry.maxAttempts', value: '', from: '--max-attempts' },
    ]);
  });
});

describe('budgetOverrides', () => {
  it('sets nothing without the flag', () => {
    expect(budgetOverrides(undefined)).toEqual([]);
  });

  it.each([
    ['10/s', 10, 10],
    ['1/s', 1, 1],
    ['0.2/s', 0.2, 1],
    ['2.5/s', 2.5, 3],
  ])('reads %s as a fixed bucket refilled at %d per second, of whole tokens for a second: %i', (text, rate, burst) => {
    expect(budgetOverrides(text)).toEqual([
      { path: 'budget.ratio', value: null, from: '--budget' },
      { path: 'budget.maxRetriesPerSecond', value: rate, from: '--budget' },
      { path: 'budget.burst', value: burst, from: '--budget' },
    ]);
  });

  it.each(['', '10', '10/m', '0/s', '-1/s', 'x/s', '1e3/s', ' 1/s', '1/s '])('refuses %j', async (text) => {
    const hint = 'write retries per second, for example --budget 10/s';
    expect(await refusalOf(() => budgetOverrides(text))).toBe(`--budget ${text}: not a rate | ${hint}`);
  });
});

describe('parsePairs', () => {
  it.each([
    [[], {}],
    [['version=v3'], { version: 'v3' }],
    [['a=1', 'b=2'], { a: '1', b: '2' }],
    [['data=a=b=='], { data: 'a=b==' }],
    [['empty='], { empty: '' }],
    [['a=1', 'a=2'], { a: '2' }],
    [['spaced= x '], { spaced: ' x ' }],
  ])('splits %j at the first =', (pairs, params) => {
    expect(parsePairs('--param', pairs)).toEqual(params);
  });

  it.each(['version', '=v3', ''])('refuses %j', async (pair) => {
    const refusal = `--param ${pair}: expected name=value | for example --param version=v3`;
    expect(await refusalOf(() => parsePairs('--param', [pair]))).toBe(refusal);
  });
});
