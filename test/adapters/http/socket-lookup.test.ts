import { createServer as createHttpServer } from 'node:http';
import type { Server } from 'node:net';
import { once } from 'node:events';
import type { LookupOptions } from 'node:dns';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HostLookup, socketLookup } from '../../../src/adapters/http/host-lookup.ts';
import { SqsQueue } from '../../../src/adapters/queues/sqs/sqs-queue.ts';
import { failingAtOnce, openRedis } from '../../../src/adapters/redis/redis-client.ts';
import { connectorWith, ownLookup } from '../../../src/adapters/redis/redis-connector.ts';
import { RedisErrors } from '../../../src/adapters/redis/redis-errors.ts';
import { systemClock as clock } from '../../../src/adapters/system/system-clock.ts';
import { hasRedis, RedisServer } from '../../contract/support/redis-server.ts';

const found = [
  { address: '::1', family: 6 },
  { address: '127.0.0.1', family: 4 },
];
/** A look-up that knows one name, and records what it was asked for. */
function aLookup(addresses = found) {
  const asked: string[] = [];
  const addressesOf = async (host: string) => {
    asked.push(host);
    if (host !== 'only.here.test') throw Object.assign(new Error('unknown'), { code: 'ENOTFOUND' });
    return addresses;
  };
  return { asked, sockets: socketLookup({ addressesOf }) };
}

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return (server.address() as { readonly port: number }).port;
}

describe('the look-up of sockets', () => {
  const ask = (options: LookupOptions, host = 'only.here.test') =>
    new Promise((resolve) => aLookup().sockets.lookup(host, options, (...answer) => resolve(answer)));

  it('answers as that of Node: all addresses, one of them, or those of a family', async () => {
    expect(await ask({ all: true })).toEqual([null, found]);
    expect(await ask({})).toEqual([null, '::1', 6]);
    expect(await ask({ all: true, family: 4 })).toEqual([null, [found[1]]]);
    expect(await ask({}, 'other.test')).toMatchObject([{ code: 'ENOTFOUND' }, []]);
  });

  it.skipIf(!hasRedis)('is that of connections to Redis', async () => {
    const server = await RedisServer.start();
    onTestFinished(() => server.stop());
    const { port } = server;
    const { asked, sockets } = aLookup();
    const options = { ...failingAtOnce, Connector: connectorWith(sockets), lazyConnect: true };
    const redis = new Redis({ host: 'only.here.test', port, ...options });
    await redis.connect();
    expect(await redis.ping()).toBe('PONG');
    redis.disconnect();
    expect(asked).toEqual(['only.here.test']);
    const opened = openRedis('redis://only.here.test', failingAtOnce, new RedisErrors('redis://only.here.test'));
    expect(opened.options.Connector).toBe(ownLookup.Connector);
    expect(opened.duplicate().options.Connector).toBe(ownLookup.Connector);
  });

  it('is that of connections to SQS', async () => {
    const server = createHttpServer((_request, answer) => answer.end('{"QueueUrl":"http://only.here.test/q"}'));
    const port = await portOf(server);
    const { asked, sockets } = aLookup([{ address: '127.0.0.1', family: 4 }]);
    const address = { name: 'q', region: 'r', endpoint: `http://only.here.test:${port}` };
    process.env['AWS_ACCESS_KEY_ID'] ??= 'a';
    process.env['AWS_SECRET_ACCESS_KEY'] ??= 'b';
    const queue = new SqsQueue(address, { clock, lookup: sockets });
    onTestFinished(() => queue.close());
    expect(await queue.url()).toBe('http://only.here.test/q');
    expect(asked).toEqual(['only.here.test']);
  });

  it('leaves names without a dot to the system, which has search domains', async () => {
    const bySystem = async () => [{ address: '10.0.0.9', family: 4 }];
    const names = new HostLookup({ servers: ['127.0.0.1:9'], hostsFile: '/nowhere', bySystem });
    expect(await names.addressesOf('redis', new AbortController().signal)).toEqual(await bySystem());
  });
});
