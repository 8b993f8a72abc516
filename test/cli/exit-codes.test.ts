import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  exitCodeHelp,
  exitCodeOfFault,
  exitCodeOfOutcome,
  exitCodes,
  exitCodeTable,
} from '../../src/cli/exit-codes.ts';
import type { FaultKind } from '../../src/domain/fault.ts';
import type { FailureReason } from '../../src/domain/outcome.ts';
import { aGaveUp, aSolved } from './support/outcomes.ts';

describe('the exit code of a task', () => {
  it('is 0 if it was solved', () => {
    expect(exitCodeOfOutcome(aSolved())).toBe(0);
  });

  it.each<[FailureReason, number]>([
    ['rejected', 1],
    ['unsolvable', 1],
    ['in-doubt', 1],
    ['policy-denied', 2],
    ['account', 3],
    ['config', 2],
    ['attempts-exhausted', 4],
    ['budget-exhausted', 4],
    ['breaker-open', 4],
    ['held', 4],
    ['limit-reached', 4],
    ['deadline-exceeded', 4],
    ['no-healthy-region', 4],
    ['cancelled', 130],
  ])('for the failure %s is %i', (reason, code) => {
    expect(exitCodeOfOutcome(aGaveUp({ reason }))).toBe(code);
  });
});

describe('the exit code of a refused request', () => {
  it.each<[FaultKind, number]>([
    ['rejected', 1],
    ['unsolvable', 1],
    ['account', 3],
    ['config', 2],
    ['transport', 4],
    ['timeout', 4],
    ['throttled', 4],
  ])('as %s is %i', (kind, code) => {
    expect(exitCodeOfFault(kind)).toBe(code);
  });
});

describe('the table in the help', () => {
  it('says the same of 2 as the README, which names every exit code, too', () => {
    const readme = readFileSync('README.md', 'utf8');
    const rows = new Map(
      [...readme.matchAll(/^\| (\d[\d /]*) \| ([^|]+) \|/gm)].map(([, code, text]) => [code!, text!]),
    );
    expect(exitCodeTable.find(({ codes }) => codes === '2')?.meaning).toBe(rows.get('2'));
    const named = (
      [...rows]
        .flat()
        .join(' ')
        .match(/\b\d+\b/g) ?? []
    ).map(Number);
    expect(Object.values(exitCodes).filter((code) => !named.includes(code))).toEqual([]);
  });

  it('names every exit code', () => {
    const named = (exitCodeHelp.match(/\b\d+\b/g) ?? []).map(Number);
    expect(Object.values(exitCodes).filter((code) => !named.includes(code))).toEqual([]);
  });
});
