import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { RemoteUnavailableError, UsageError } from '../../domain/errors.ts';
import { maskSecrets } from '../../domain/mask-secrets.ts';
import type { SyncReply, FleetBucket, FleetBudgetOptions, FleetFacts, SyncOptions } from '../../ports/state.ts';
import type { Clock } from '../../ports/system.ts';
import { bucketScript } from './budget-script.ts';
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

/** The budget and its Redis. */
export interface RedisBucketOptions {
  /** `redis://user:password@host:port/database`, or `rediss://`. */
  readonly url: string;
  readonly baseUrl: string;
  readonly accountId: string;
  /** Replaces the production script in tests with another clock. */
  readonly script?: string;
}

type Reply = readonly [facts: readonly string[], waits: readonly string[]];

const nothingToSay = {
  accepted: 0,
  refused: 0,
  quietMs: 0,
  surplus: 0,
  leaseMs: 0,
  epoch: '',
  promisedMs: 0,
  asks: [],
};

const numberOf = (wait: string | undefined): number => (wait === '-1' ? Infinity : Number(wait));

function argumentsOf(doing: 'talk' | 'look' | 'reset', { options, ...sync }: SyncOptions): string[] {
  const { ratio, minRetriesPerSecond, maxRetriesPerSecond, burst } = options;
  const { accepted, refused, quietMs, surplus, leaseMs, epoch, promisedMs, asks } = sync;
  const numbers = [ratio ?? '', minRetriesPerSecond, maxRetriesPerSecond, burst];
  const said = [accepted, refused, quietMs, surplus, leaseMs, epoch, promisedMs];
  return [doing, ...numbers, ...said, ...asks.map((ms) => (ms === Infinity ? -1 : ms))].map(String);
}

function readReply([facts, waits]: Reply): SyncReply {
  const [ratio, ...rest] = facts;
  const [minRetriesPerSecond = 0, maxRetriesPerSecond = 0, burst = 0, balance = 0] = rest.map(Number);
  const epoch = facts[12] ?? '';
  const [leased = 0, quietMs = 0, accepted = 0, granted = 0, refused = 0, surplus = 0] = rest.slice(5, 11).map(Number);
  return {
    options: { ratio: ratio === '' ? null : Number(ratio), minRetriesPerSecond, maxRetriesPerSecond, burst },
    ...{ epoch, settlingMs: Number(facts[13]) },
    ...{ balance, nextTokenInMs: numberOf(rest[4]), leased, quietMs, accepted, granted, refused, surplus },
    withdrawals: waits.flatMap((word, index) =>
      index % 2 === 0 ? [{ granted: word === '1', waitMs: numberOf(waits[index + 1]) }] : [],
    ),
  };
}

/** A connection to Redis, opened on demand and again after every error. It never retries by itself. */
class RedisConnection {
  readonly #url: string;
  readonly #clock: Clock;
  #redis: Redis | null = null;
  #connecting: Promise<void> | null = null;
  #redisErrors: RedisErrors;

  constructor(url: string, { clock }: { readonly clock: Clock }) {
    this.#url = url;
    this.#clock = clock;
    this.#redisErrors = new RedisErrors(url);
  }

  /** Runs the work with a connection. Throws `RemoteUnavailableError` if it fails or takes longer than a second. */
  async use<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    const over = new AbortController();
    const late = this.#clock.sleep(answerWithinMs, over.signal).then(() => {
      throw new Error(`no answer within ${answerWithinMs}ms`);
    });
    // If the work finishes first, the rejection of this timer is ignored.
    late.catch(() => undefined);
    try {
      return await Promise.race([this.#connected().then(work), late]);
    } catch (error) {
      this.close();
      if (error instanceof UsageError) throw error;
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

/** The retry budget of a fleet in Redis: one hash, one script, one round trip per request. */
export class RedisBucket implements FleetBucket {
  readonly #connection: RedisConnection;
  readonly #key: string;
  readonly #script: string;
  readonly #digest: string;

  constructor({ url, baseUrl, accountId, script = bucketScript }: RedisBucketOptions, deps: { clock: Clock }) {
    const account = createHash('sha256').update(`${baseUrl} ${accountId}`).digest('hex').slice(0, 16);
    this.#key = `captcha:{${account}}:budget`;
    this.#connection = new RedisConnection(url, deps);
    this.#script = script;
    this.#digest = createHash('sha1').update(script).digest('hex');
  }

  async sync(sync: SyncOptions): Promise<SyncReply> {
    return readReply(await this.#run(argumentsOf('talk', sync)));
  }

  async look(options: FleetBudgetOptions): Promise<FleetFacts> {
    return readReply(await this.#run(argumentsOf('look', { ...nothingToSay, options })));
  }

  async reset(options: FleetBudgetOptions): Promise<void> {
    await this.#run(argumentsOf('reset', { ...nothingToSay, options }));
  }

  close(): void {
    this.#connection.close();
  }

  #run(args: readonly string[]): Promise<Reply> {
    return this.#connection.use(async (redis) => {
      try {
        return (await redis.evalsha(this.#digest, 1, this.#key, ...args)) as Reply;
      } catch (error) {
        if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
        return (await redis.eval(this.#script, 1, this.#key, ...args)) as Reply;
      }
    });
  }
}
