import type { SandboxOptions } from '../../../src/sandbox/options.ts';
import { RedisServer } from '../../contract/support/redis-server.ts';
import { type Ledger, openLedger, sitekeyOf } from './batch.ts';
import type { Bench } from './bench.ts';
import type { Running } from './running.ts';
import { unusedPort } from './service.ts';

export const regions = ['us-east-1', 'eu-west-1', 'ap-southeast-1'] as const;
export type RegionName = (typeof regions)[number];

/** Pages whose countries lead to the three regions in turn. */
const domains = ['com', 'de', 'co.jp'];

/** A CSV of `count` turnstile tasks, a third for each region. */
export function regionalCsv(count: number): string {
  const rows = Array.from({ length: count }, (_, index) => {
    const row = index + 1;
    return `t${row},turnstile,${sitekeyOf(row)},https://example.${domains[index % 3]!}/login/${row}`;
  });
  return `task_id,method,sitekey,pageurl\n${rows.join('\n')}\n`;
}

export interface Fleet {
  readonly redis: RedisServer;
  readonly ledger: Ledger;
  readonly config: object;
  /** Resolves when the worker is at work. */
  readonly startWorker: (region: RegionName, flags?: readonly string[]) => Promise<Running>;
  readonly healthOf: (region: RegionName) => string;
}

export interface FleetParts {
  readonly service?: SandboxOptions;
  readonly config?: object;
  /** Every process is ended after so long. */
  readonly longestMs?: number;
}

/** A Redis, a service, and three regions without workers. */
export async function openFleet(bench: Bench, parts: FleetParts = {}): Promise<Fleet> {
  const redis = await RedisServer.start();
  bench.afterwards(() => redis.stop());
  const ledger = await openLedger(bench, parts.service);
  const ports = new Map(await Promise.all(regions.map(async (name) => [name, await unusedPort()] as const)));
  const healthOf = (region: RegionName): string => `http://127.0.0.1:${ports.get(region)!}/health`;
  const config = {
    worker: { concurrency: 20 },
    regions: regions.map((name, index) => ({ name, health: healthOf(name), queue: redis.url(index) })),
    routes: { default: 'us-east-1' },
    results: redis.url(9),
    health: { interval: '500ms', timeout: '1s', fall: 2 },
    failover: { ramp: '1s' },
    ...parts.config,
  };
  const { longestMs = 20_000 } = parts;
  const startWorker = async (region: RegionName, flags: readonly string[] = []): Promise<Running> => {
    const args = ['worker', '--region', region, '--health-port', String(ports.get(region)!), ...flags];
    const running = await bench.start(args, { at: ledger, config, longestMs });
    await running.said(/works for/);
    return running;
  };
  return { redis, ledger, config, startWorker, healthOf };
}
