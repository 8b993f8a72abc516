import { describe, expect, it } from 'vitest';
import { createSimulationEnv } from '../../../src/container/simulation.ts';
import { articleStorm } from '../../../bench/simulation/article-storm.ts';
import { awsContention } from '../../../bench/simulation/aws-contention.ts';
import { clientCount } from '../../../bench/simulation/client-count.ts';
import type { Figure, PublishedTable } from '../../../bench/simulation/published-table.ts';
import { spikeCollapse } from '../../../bench/simulation/spike-collapse.ts';
import { strategyTable } from '../../../bench/simulation/strategy-table.ts';
import { isExhaustive } from '../../support/exhaustive.ts';

const env = createSimulationEnv();
const tolerance = 0.1;

function isReproduced({ value, published }: Figure): boolean {
  if (published === null) return true;
  return value !== null && Math.abs(value - published) <= Math.max(tolerance * published, 0.05);
}

function rowsOff({ rows }: PublishedTable): readonly string[] {
  return rows.filter(({ figures }) => !figures.every(isReproduced)).map(({ name }) => name);
}

function valuesOf({ rows }: PublishedTable, name: string): readonly (number | null)[] {
  const row = rows.find((each) => each.name.startsWith(name));
  if (row === undefined) throw new Error(`no row ${name}`);
  return row.figures.map(({ value }) => value);
}

const publishedCount = ({ rows }: PublishedTable): number =>
  rows.flatMap(({ figures }) => figures).filter(({ published }) => published !== null).length;

describe('the production code reproduces', () => {
  it.runIf(isExhaustive)(
    'calls and completion time of competing clients, and one budget paces them near the optimum',
    async () => {
      const table = await awsContention(env, 1);
      expect(publishedCount(table)).toBe(20);
      expect(rowsOff(table)).toEqual([]);
      const [calls, doneMs, manyCalls, manyDoneMs] = valuesOf(table, 'one budget');
      expect(calls).toBeLessThan(220);
      expect(doneMs).toBeLessThan(3_300);
      expect(manyCalls).toBeLessThan(418);
      expect(manyDoneMs).toBeLessThan(6_300);
    },
  );

  it('amplification by client count: a budget per client has no effect, a shared one has', async () => {
    const table = await clientCount(env, 1);
    expect(publishedCount(table)).toBe(12);
    expect(rowsOff(table)).toEqual([]);
    for (const value of valuesOf(table, '0.1 an accepted one')) expect(value).toBeCloseTo(1.012, 2);
  });

  it.runIf(isExhaustive)(
    'the collapse after a spike: retries without a shared budget never recover, with one they do',
    async () => {
      const table = await spikeCollapse(env, 1);
      expect(publishedCount(table)).toBe(12);
      expect(rowsOff(table)).toEqual([]);
      const [, small, , , large] = valuesOf(table, 'shared budget (ours)');
      expect(small).toBeLessThanOrEqual(14);
      expect(large).toBeLessThanOrEqual(14);
    },
  );

  it.runIf(isExhaustive)("the article's storm, which one budget and breaker prevent", async () => {
    const table = await articleStorm(env, 1);
    expect(publishedCount(table)).toBe(5);
    expect(rowsOff(table)).toEqual([]);
    const [median, most, , , lost, recovery] = valuesOf(table, 'shared budget and breaker');
    expect(median).toBeLessThanOrEqual(14);
    expect(most).toBeLessThanOrEqual(24);
    expect(lost).toBe(0);
    expect(recovery).toBeLessThanOrEqual(60);
  });

  it.runIf(isExhaustive)(
    "the article's ratings of strategies: storm risk from high to lowest, convergence from none to fast",
    async () => {
      const table = await strategyTable(env, 1);
      const of = (name: string): readonly (number | null)[] => valuesOf(table, name);
      const names = ['fixed', 'linear', 'exponential', 'full-jitter', 'decorrelated-jitter'];
      expect(names.map((name) => of(name)[0])).toEqual([24, 6, 7, 0, 0]);
      expect(of('fixed')[2]).toBeNull();
      expect(of('linear')[2]).toBeGreaterThan(2 * Number(of('decorrelated-jitter')[2]));
      expect(names.slice(2).every((name) => Number(of(name)[2]) < 15)).toBe(true);
      expect(Number(of('decorrelated-jitter')[1])).toBeLessThanOrEqual(Number(of('full-jitter')[1]));
      expect(Number(of('full-jitter')[1])).toBeLessThan(3);
    },
  );
});
