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

/** Waits until the server says this of its replication. */
async function says(server: RedisServer, words: string): Promise<void> {
  while (!String(await command(server, 'INFO', 'replication')).includes(words)) await systemClock.sleep(100);
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
    await says(replica, 'master_link_status:up');
    return new RedisPair(await SwitchingProxy.start(primary.port), servers);
  }

  /**
   * The replica becomes the primary with every write that was acknowledged. The old primary becomes its replica and keeps
   * its connections.
   */
  async failOver(): Promise<void> {
    const [old, next] = this.#servers;
    await command(old, 'FAILOVER', 'TO', '127.0.0.1', String(next.port));
    await says(next, 'role:master');
    this.proxy.switchTo(next.port);
    await says(old, 'role:slave');
  }

  async stop(): Promise<void> {
    await this.proxy.stop();
    await Promise.all(this.#servers.map((server) => server.stop()));
  }
}
