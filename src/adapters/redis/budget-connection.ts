import { Redis } from 'ioredis';
import { RemoteUnavailableError } from '../../domain/errors.ts';
import { maskSecrets } from '../../domain/mask-secrets.ts';
import type { Clock } from '../../ports/system.ts';

/** From the first packet to the answer: nobody waits longer for the fleet. */
const answerWithinMs = 1_000;
/** A Redis that does not answer does not say goodbye either. */
const goodbyeMs = 50;
/** An idle connection that a firewall would forget. */
const keepAliveMs = 10_000;
/** What ioredis says of a command when it was the connection that failed, which its `error` event says better. */
const vague = /^(Connection is closed|Stream isn't writeable)/;

const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  // The addresses of a name that are tried in turn fail with an error each, and with none for all.
  if (error instanceof AggregateError && error.message === '') return messageOf(error.errors[0]);
  return error.message;
};

/** A connection to Redis that is made when it is needed, and anew after every trouble. It never tries again by itself. */
export class RedisConnection {
  readonly #url: string;
  readonly #clock: Clock;
  #redis: Redis | null = null;
  #connecting: Promise<void> | null = null;
  #redisErrors: string | null = null;

  constructor(url: string, { clock }: { readonly clock: Clock }) {
    this.#url = url;
    this.#clock = clock;
  }

  /** Does the work with a connection. Throws `RemoteUnavailableError` where that fails, or takes longer than a second. */
  async use<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    const over = new AbortController();
    const late = this.#clock.sleep(answerWithinMs, over.signal).then(() => {
      throw new Error(this.#redisErrors ?? `no answer within ${answerWithinMs}ms`);
    });
    // Lost the race, it is nobody's.
    late.catch(() => undefined);
    try {
      return await Promise.race([this.#connected().then(work), late]);
    } catch (error) {
      const said = messageOf(error);
      const reason = vague.test(said) ? (this.#redisErrors ?? said) : said;
      this.close();
      throw new RemoteUnavailableError(`budget.scope ${maskSecrets(this.#url)}: ${reason}`, { cause: error });
    } finally {
      over.abort();
    }
  }

  close(): void {
    this.#redis?.disconnect();
    this.#redis = null;
  }

  async #connected(): Promise<Redis> {
    this.#redis ??= this.#open();
    const redis = this.#redis;
    await this.#connecting;
    return redis;
  }

  #open(): Redis {
    const redis = new Redis(this.#url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      connectTimeout: answerWithinMs,
      disconnectTimeout: goodbyeMs,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
      keepAlive: keepAliveMs,
      connectionName: 'captcha-budget',
    });
    this.#redisErrors = null;
    redis.on('error', (error: Error) => (this.#redisErrors ??= messageOf(error)));
    redis.on('end', () => {
      if (this.#redis === redis) this.#redis = null;
    });
    this.#connecting = redis.connect();
    return redis;
  }
}
