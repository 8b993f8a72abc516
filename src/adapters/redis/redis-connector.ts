import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { AbstractConnector, type RedisOptions } from 'ioredis';
import { type SocketLookup, socketLookup } from '../http/host-lookup.ts';

type Target = Pick<RedisOptions, 'host' | 'port' | 'tls' | 'disconnectTimeout'>;
type Stream = Awaited<ReturnType<AbstractConnector['connect']>>;

/** The connector of ioredis that finds addresses as `lookup` says: ioredis hands over no look-up of its own. */
export function connectorWith(lookup: SocketLookup): NonNullable<RedisOptions['Connector']> {
  return class extends AbstractConnector {
    readonly #target: Target;

    constructor(options: unknown) {
      const target = options as Target;
      super(target.disconnectTimeout ?? 0);
      this.#target = target;
    }

    /** False once the connection was ended. */
    isWanted(): boolean {
      return this.connecting;
    }

    /** Returns a socket that connects: ioredis limits the time, and waits for the event. */
    override async connect(): Promise<Stream> {
      this.connecting = true;
      await Promise.resolve();
      if (!this.isWanted()) throw new Error('Connection is closed.');
      const { host = 'localhost', port = 6379, tls } = this.#target;
      const to = { host, port, ...lookup };
      const stream = tls === undefined ? connectTcp(to) : connectTls({ ...to, ...tls });
      stream.once('error', (error: Error) => {
        this.firstError = error;
      });
      this.stream = stream;
      return stream;
    }
  };
}

/** Connections to Redis find addresses as all others do. */
export const ownLookup = { Connector: connectorWith(socketLookup()) };
