import { Redis } from 'ioredis';
import { systemClock } from '../../../src/adapters/system/system-clock.ts';
import { RedisServer } from './redis-server.ts';
import { SwitchingProxy } from './switching-proxy.ts';

async function command(server: RedisServer, ...words: [string, ...string[]]): Promise<unknown> {
  const client = new Redis(server.url());
  try {
    return await client.call(...words);
  } finally {
    client.disconnect();
  }
}

/** A primary with a replica behind one address. */
export class RedisPair {
  readonly proxy: SwitchingProxy;
  readonly #servers: readonly [RedisServer, RedisServer];

  private constructor(proxy: SwitchingProxy, servers: readonly [RedisServer, RedisServer]) {
    this.proxy = proxy;
    this.#servers = servers;
  }

  static async start(): Promise<RedisPair> {
    const servers = [await RedisServer.start({ durable: false }), await RedisServer.start({ durable: false })] as const;
    const [primary, replica] = servers;
    await command(replica, 'REPLICAOF', '127.0.0.1', String(primary.port));
    while (!String(await command(replica, 'INFO', 'replication')).includes('master_link_status:up')) {
      await systemClock.sleep(100);
    }
    return new RedisPair(await SwitchingProxy.start(primary.port), servers);
  }

  /** The replica becomes the primary, and the old primary its replica, which keeps its connections. */
  async failOver(): Promise<void> {
    const [old, next] = this.#servers;
    await command(next, 'REPLICAOF', 'NO', 'ONE');
    this.proxy.switchTo(next.port);
    await command(old, 'REPLICAOF', '127.0.0.1', String(next.port));
  }

  async stop(): Promise<void> {
    await this.proxy.stop();
    await Promise.all(this.#servers.map((server) => server.stop()));
  }
}
