import type { SandboxOptions } from '../../../src/sandbox/options.ts';
import { RedisServer } from '../../contract/support/redis-server.ts';
import { type Ledger, openLedger, sitekeyOf } from './batch.ts';
import type { Bench, Usage } from './bench.ts';
import type { Running } from './running.ts';
import { unusedPort } from './service.ts';

export const regions = ['us-east-1', 'eu-west-1', 'ap-southeast-1'] as const;
export type RegionName = (typeof regions)[number];

/** Pages whose countries belong to the three regions in turn. */
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
  readonly ledger: Ledger;
  readonly config: object;
  /** Options of a command of this fleet. */
  readonly usage: Usage;
  /** Resolves when the worker has started. */
  readonly startWorker: (region: RegionName, flags?: readonly string[]) => Promise<Running>;
  readonly healthOf: (region: RegionName) => string;
}

/** A fleet that needs a Redis. */
export interface RedisFleet extends Fleet {
  readonly redis: RedisServer;
}

export interface FleetParts {
  readonly service?: SandboxOptions;
  readonly config?: object;
  /** Time limit of every process. */
  readonly longestMs?: number | undefined;
}

/** The queues of a fleet. */
export interface FleetPlaces {
  /** The queue URL by region and index of the region. */
  readonly queueOf: (region: RegionName, index: number) => string;
  readonly results: string;
  /** The settings of the engine in the configuration and environment. */
  readonly config?: object;
  readonly env?: NodeJS.ProcessEnv;
}

/** A service, and three regions without workers with these queues. */
export async function openFleetAt(places: FleetPlaces, bench: Bench, parts: FleetParts): Promise<Fleet> {
  const ledger = await openLedger(bench, parts.service);
  const ports = new Map(await Promise.all(regions.map(async (name) => [name, await unusedPort()] as const)));
  const healthOf = (region: RegionName): string => `http://127.0.0.1:${ports.get(region)!}/health`;
  const config = {
    worker: { concurrency: 20 },
    // Each of up to sixty tasks at a time polls as often.
    polling: { firstWait: '0ms', interval: '100ms' },
    regions: regions.map((name, index) => ({ name, health: healthOf(name), queue: places.queueOf(name, index) })),
    routes: { default: 'us-east-1' },
    results: places.results,
    // What is dead refuses a connection; what is slow is a busy machine.
    health: { interval: '500ms', timeout: '30s', fall: 2 },
    failover: { ramp: '1s' },
    ...places.config,
    ...parts.config,
  };
  const usage = { at: ledger, config, longestMs: parts.longestMs, env: places.env ?? {} };
  const startWorker = async (region: RegionName, flags: readonly string[] = []): Promise<Running> => {
    const args = ['worker', '--region', region, '--health-port', String(ports.get(region)!), ...flags];
    const running = await bench.start(args, usage);
    await running.said(/serves the queue of/);
    return running;
  };
  return { ledger, config, usage, startWorker, healthOf };
}

/** A Redis, a service, and three regions without workers. */
export async function openFleet(bench: Bench, parts: FleetParts = {}): Promise<RedisFleet> {
  const redis = await RedisServer.start();
  bench.afterwards(() => redis.stop());
  const places = { queueOf: (_: RegionName, index: number) => redis.url(index), results: redis.url(9) };
  return { redis, ...(await openFleetAt(places, bench, parts)) };
}
