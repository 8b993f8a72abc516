import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect } from 'vitest';
import { hasRedis, RedisServer } from '../contract/support/redis-server.ts';
import { type Ledger, rowsIn, until } from './support/batch.ts';
import { type Bench, it } from './support/bench.ts';
import { openFleetAt, type RedisFleet, regionalCsv, type RegionName, regions } from './support/fleet.ts';
import { expectAccounted } from './support/killed-batch.ts';
import type { Running } from './support/running.ts';
import { firstRows, isExhaustive } from '../support/exhaustive.ts';

const count = isExhaustive ? 300 : 120;
const batch = ['batch', 'tasks.csv', '--out', 'solved.csv', '--via', 'queues'];
const service = { latencyMs: [500, 1_500], threads: 500 } as const;
/** A busy machine must not cause submissions with lost answers. */
const patient = { api: { timeout: '30s' }, solve: { timeout: '90s' } };

const acceptedCount = ({ accepted }: Ledger): number => [...accepted.values()].reduce((sum, times) => sum + times, 0);

/** A fleet of three regions whose Redis stores nothing on disk. */
async function openForgetfulFleet(bench: Bench): Promise<RedisFleet> {
  const redis = await RedisServer.start({ durable: false });
  bench.afterwards(() => redis.stop());
  const places = { queueOf: (_: RegionName, index: number) => redis.url(index), results: redis.url(9) };
  return { redis, ...(await openFleetAt(places, bench, { service, config: patient })) };
}

async function flush({ redis }: RedisFleet): Promise<void> {
  const client = new Redis(redis.url());
  await client.flushall();
  client.disconnect();
}

async function restart({ redis }: RedisFleet): Promise<void> {
  await redis.down();
  await sleep(1_000);
  await redis.up();
}

async function drain(workers: readonly Running[]): Promise<void> {
  for (const worker of workers) worker.signal('SIGTERM');
  for (const worker of workers) expect(await worker.ended, worker.stderr).toMatchObject({ code: 0 });
}

function tell(ledger: Ledger, workers: readonly Running[], batchErr: string): void {
  if (process.env['TELL'] === undefined) return;
  const twice = [...ledger.accepted.values()].filter((times) => times > 1).length;
  console.log(`${acceptedCount(ledger)} accepted, ${twice} twice\n${batchErr}`);
  for (const worker of workers) console.log(worker.stderr);
}

describe.skipIf(!hasRedis).concurrent('a fleet whose Redis loses its data', () => {
  firstRows(it).for([
    { what: 'by FLUSHALL', lose: flush },
    { what: 'by a restart without persistence', lose: restart },
  ])(
    'in mid-run $what ends with one row per task, and marks tasks that were paid for twice',
    async ({ lose }, { bench }) => {
      const fleet = await openForgetfulFleet(bench);
      const { ledger, usage } = fleet;
      await bench.write('work/tasks.csv', regionalCsv(count));
      const workers = await Promise.all(regions.map((region) => fleet.startWorker(region)));
      const running = await bench.start(batch, usage);
      await until(() => acceptedCount(ledger) >= count / 3);
      await lose(fleet);
      const ended = await running.ended;
      tell(ledger, workers, ended.stderr);
      expect(ended, ended.stderr).toMatchObject({ code: 0, stdout: '' });
      expectAccounted(await rowsIn(bench, 'solved.csv'), ledger, count);
      await drain(workers);
    },
  );

  it.runIf(isExhaustive)(
    'between two runs of a batch: the next run marks the tasks that the first had sent',
    async ({ bench }) => {
      const fleet = await openForgetfulFleet(bench);
      const { ledger, usage } = fleet;
      await bench.write('work/tasks.csv', regionalCsv(30));
      const worker = await fleet.startWorker('us-east-1');
      const first = await bench.start(batch, usage);
      await until(() => acceptedCount(ledger) >= 5);
      first.signal('SIGKILL');
      await first.ended;
      worker.signal('SIGKILL');
      await worker.ended;
      await flush(fleet);
      const workers = await Promise.all(regions.map((region) => fleet.startWorker(region)));
      const ended = await bench.run(batch, usage);
      tell(ledger, workers, ended.stderr);
      expect(ended, ended.stderr).toMatchObject({ code: 0 });
      expect(ended.stderr).toMatch(/the queues have lost \d+ tasks of this run/);
      expectAccounted(await rowsIn(bench, 'solved.csv'), ledger, 30);
      await drain(workers);
    },
  );
});
