import { type Outage, simulateOutage } from './outage-fleet.ts';
import { placingRules } from './placing-rules.ts';

export type RuleName = keyof typeof placingRules;

export interface OutageRow {
  readonly rule: RuleName;
  readonly healthEveryMs: number;
  /** For all tasks that arrived in the outages, in ms. */
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** The longest queue of each surviving region in any of the outages. */
  readonly deepest: readonly number[];
}

/** Four regions at 45 % load, the largest of which is down for ten minutes. */
const outage: Omit<Outage, 'healthEveryMs' | 'seed'> = {
  workers: [90, 60, 30, 20],
  load: 0.45,
  solveMs: [10_000, 20_000],
  outageMs: 600_000,
};

const seeds = [1, 2, 3, 4, 5];

export async function rowOf(rule: RuleName, healthEveryMs: number): Promise<OutageRow> {
  const runs = await Promise.all(
    seeds.map((seed) => simulateOutage({ ...outage, healthEveryMs, seed }, placingRules[rule])),
  );
  const waitsMs = runs.flatMap((run) => run.waitsMs).sort((a, b) => a - b);
  const at = (quantile: number): number => waitsMs[Math.ceil(quantile * waitsMs.length) - 1] ?? NaN;
  const deepest = outage.workers.slice(1).map((_, index) => Math.max(...runs.map((run) => run.deepest[index] ?? 0)));
  return { rule, healthEveryMs, p95Ms: at(0.95), p99Ms: at(0.99), deepest };
}

/** Every rule with health data that is a minute old and ten seconds old. */
export async function outageTable(): Promise<readonly OutageRow[]> {
  const rows: OutageRow[] = [];
  for (const healthEveryMs of [60_000, 10_000]) {
    for (const rule of Object.keys(placingRules) as RuleName[]) rows.push(await rowOf(rule, healthEveryMs));
  }
  return rows;
}
