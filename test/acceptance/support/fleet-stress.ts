import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { column, countsOf, type Ledger, type Row, rowsIn, until } from './batch.ts';
import type { Bench } from './bench.ts';
import {
  type Fleet,
  type FleetParts,
  openFleet,
  type RedisFleet,
  regionalCsv,
  type RegionName,
  regions,
} from './fleet.ts';
import { expectAccounted } from './killed-batch.ts';
import type { Running } from './running.ts';

export interface FleetStressTest {
  readonly rows: number;
  readonly kills: number;
  /** This region loses its workers for good after the first kill. */
  readonly deadRegion: RegionName;
  /** Redis is killed and restarted after this time; not for a fleet without Redis. */
  readonly redisAwayMs: number;
  /** Number of concurrent tasks per worker. */
  readonly concurrency: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Every process is ended after this time. */
  readonly longestMs?: number;
  /** Opens the queues; default: on Redis. */
  readonly open?: (bench: Bench, parts: FleetParts) => Promise<Fleet | RedisFleet>;
}

const command = ['batch', 'tasks.csv', '--out', 'solved.csv', '--via', 'queues'];

function acceptedCount({ accepted }: Ledger): number {
  return [...accepted.values()].reduce((sum, count) => sum + count, 0);
}

/** Kills workers at random instants and replaces them, except in the dead region. Returns how many had tasks. */
async function killWorkers(
  fleet: Fleet | RedisFleet,
  workers: Map<RegionName, Running>,
  stressTest: FleetStressTest,
): Promise<void> {
  const { random, rows, kills, deadRegion } = stressTest;
  for (let kill = 0; kill < kills; kill += 1) {
    await until(() => acceptedCount(fleet.ledger) >= ((kill + 1) / (kills + 2)) * rows);
    await sleep(random() * 50);
    const living = regions.filter((region) => region !== deadRegion);
    const region = kill === 0 ? deadRegion : living[Math.floor(random() * living.length)]!;
    workers.get(region)!.signal('SIGKILL');
    await workers.get(region)!.ended;
    if (region !== deadRegion) workers.set(region, await fleet.startWorker(region));
    if (kill === Math.floor(kills / 2) && 'redis' in fleet) await restartRedis(fleet, stressTest);
  }
}

async function restartRedis({ redis }: RedisFleet, { redisAwayMs }: FleetStressTest): Promise<void> {
  await redis.down();
  await sleep(redisAwayMs);
  await redis.up();
}

/** Number of tasks that were paid for twice. */
export function twiceCountOf({ accepted }: Ledger): number {
  return [...accepted.values()].filter((times) => times > 1).length;
}

/**
 * Every task has one row. Tasks that were paid for twice are marked, and there are no more of them than the killed workers
 * had in work.
 */
export function expectOneResultEach(
  rows: readonly Row[],
  ledger: Ledger,
  { rows: count, kills, concurrency }: Pick<FleetStressTest, 'rows' | 'kills' | 'concurrency'>,
): void {
  expectAccounted(rows, ledger, count);
  expect(twiceCountOf(ledger), 'tasks that were paid for twice').toBeLessThanOrEqual(kills * concurrency);
}

/**
 * Three regions; workers are killed, one region is dead for good, Redis is killed and restarted; at the end every task
 * has one row.
 */
export async function surviveFleetStress(
  bench: Bench,
  stressTest: FleetStressTest,
): Promise<{ rows: readonly Row[]; ledger: Ledger }> {
  const { longestMs, concurrency, open = openFleet } = stressTest;
  const service = { latencyMs: [300, 1_500], threads: 500 } as const;
  // A busy machine may need long for a task; no task may fail for that.
  const config = { worker: { concurrency }, solve: { timeout: '30m' } } as const;
  const fleet = await open(bench, { longestMs, service, config });
  const { ledger, usage } = fleet;
  await bench.write('work/tasks.csv', regionalCsv(stressTest.rows));
  const started = regions.map(async (region) => [region, await fleet.startWorker(region)] as const);
  const workers = new Map(await Promise.all(started));
  const running = await bench.start(command, usage);
  await killWorkers(fleet, workers, stressTest);
  const ended = await running.ended;
  expect(ended, ended.stderr).toMatchObject({ code: 0, stdout: '' });
  for (const [region, worker] of workers) if (region !== stressTest.deadRegion) worker.signal('SIGTERM');
  for (const [region, worker] of workers) {
    if (region !== stressTest.deadRegion) expect(await worker.ended, worker.stderr).toMatchObject({ code: 0 });
  }
  const rows = await rowsIn(bench, 'solved.csv');
  expect(countsOf(column(rows, 'home_region'))).toHaveProperty(stressTest.deadRegion);
  return { rows, ledger };
}
