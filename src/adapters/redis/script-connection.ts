import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { RemoteUnavailableError, UsageError } from '../../domain/errors.ts';
import { maskSecrets } from '../../domain/mask-secrets.ts';
import type { Clock } from '../../ports/system.ts';
import { failingAtOnce, openRedis } from './redis-client.ts';
import { RedisErrors } from './redis-errors.ts';

/** Limit for a whole request, from the first packet to the answer, in ms. */
const answerWithinMs = 1_000;
const connectionOptions = {
  ...failingAtOnce,
  enableOfflineQueue: false,
  connectTimeout: answerWithinMs,
  /** Do not wait for an unresponsive Redis to close the connection. */
  disconnectTimeout: 50,
  /** Keeps an idle connection open in firewalls. */
  keepAlive: 10_000,
  connectionName: 'captcha-budget',
};

/** The key of an account's state in Redis, which names the account without revealing it. */
export function accountKey(
  { baseUrl, accountId }: { readonly baseUrl: string; readonly accountId: string },
  what: string,
): string {
  const account = createHash('sha256').update(`${baseUrl} ${accountId}`).digest('hex').slice(0, 16);
  return `captcha:{${account}}:${what}`;
}

/** A connection to Redis, opened on demand and again after every error. It never retries by itself. */
export class ScriptConnection {
  readonly #url: string;
  readonly #script: string;
  readonly #digest: string;
  readonly #clock: Clock;
  #redis: Redis | null = null;
  #connecting: Promise<void> | null = null;
  #redisErrors: RedisErrors;

  /** `script` gets one key. */
  constructor(
    { url, script }: { readonly url: string; readonly script: string },
    { clock }: { readonly clock: Clock },
  ) {
    this.#url = url;
    this.#script = script;
    this.#digest = createHash('sha1').update(script).digest('hex');
    this.#clock = clock;
    this.#redisErrors = new RedisErrors(url);
  }

  /**
   * Runs the script. Throws `RemoteUnavailableError` if it fails or takes longer than `withinMs`, usually a second, and
   * `UsageError` if the server is a node of a cluster.
   */
  run(key: string, args: readonly string[], withinMs = answerWithinMs): Promise<unknown> {
    return this.#use(withinMs, async (redis) => {
      try {
        return await redis.evalsha(this.#digest, 1, key, ...args);
      } catch (error) {
        if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
        return await redis.eval(this.#script, 1, key, ...args);
      }
    });
  }

  async #use<T>(withinMs: number, work: (redis: Redis) => Promise<T>): Promise<T> {
    const over = new AbortController();
    const late = this.#clock.sleep(withinMs, over.signal).then(() => {
      throw new Error(`no answer within ${withinMs}ms`);
    });
    // If the work finishes first, the rejection of this timer is ignored.
    late.catch(() => undefined);
    try {
      return await Promise.race([this.#connected().then(work), late]);
    } catch (error) {
      this.close();
      if (error instanceof UsageError) throw error;
      const ofCluster = this.#redisErrors.clusterError(error);
      if (ofCluster !== null) throw ofCluster;
      const reason = this.#redisErrors.reasonOf(error);
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
    // The client would continue with database 0.
    if (this.#redisErrors.isElsewhere) throw new Error('Connection is closed');
    return redis;
  }

  #open(): Redis {
    this.#redisErrors = new RedisErrors(this.#url);
    const redis = openRedis(this.#url, connectionOptions, this.#redisErrors);
    redis.on('end', () => {
      if (this.#redis === redis) this.#redis = null;
    });
    this.#connecting = redis.connect();
    return redis;
  }
}
