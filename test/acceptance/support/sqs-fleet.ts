import { type FauxqsServer, startFauxqs } from 'fauxqs';
import { RedisServer } from '../../contract/support/redis-server.ts';
import type { Bench } from './bench.ts';
import { type Fleet, type FleetParts, openFleetAt, type RedisFleet, type RegionName, regions } from './fleet.ts';

/** The emulator accepts any credentials, but the client requires some. */
const env = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
const mostReceives = '100';

function createQueues(server: FauxqsServer): void {
  for (const name of regions) {
    const { queueArn } = server.createQueue(`${name}-dead`);
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: queueArn, maxReceiveCount: mostReceives });
    server.createQueue(name, { attributes: { RedrivePolicy } });
  }
  server.createQueue('results');
}

/** SQS without a side store, a service, and three regions without workers. */
export async function openBareSqsFleet(bench: Bench, parts: FleetParts = {}): Promise<Fleet> {
  const server = await startFauxqs({ port: 0, logger: false });
  bench.afterwards(() => server.stop());
  createQueues(server);
  const urlOf = (name: string): string => `sqs://${name}?region=us-east-1&endpoint=http://127.0.0.1:${server.port}`;
  const places = { queueOf: (region: RegionName) => urlOf(region), results: urlOf('results'), env };
  return openFleetAt(places, bench, parts);
}

/** The same with a side store in Redis. */
export async function openSqsFleet(bench: Bench, parts: FleetParts = {}): Promise<RedisFleet> {
  const redis = await RedisServer.start();
  bench.afterwards(() => redis.stop());
  const config = { fleet: { state: redis.url(8) }, ...parts.config };
  return { redis, ...(await openBareSqsFleet(bench, { ...parts, config })) };
}
