import type { SyncReply, FleetBucket, FleetBudgetOptions, FleetFacts, SyncOptions } from '../../ports/state.ts';
import type { Clock } from '../../ports/system.ts';
import { bucketScript } from './budget-script.ts';
import { accountKey, ScriptConnection } from './script-connection.ts';

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

/** The retry budget of a fleet in Redis: one hash, one script, one round trip per request. */
export class RedisBucket implements FleetBucket {
  readonly #connection: ScriptConnection;
  readonly #key: string;

  constructor({ url, baseUrl, accountId, script = bucketScript }: RedisBucketOptions, deps: { clock: Clock }) {
    this.#key = accountKey({ baseUrl, accountId }, 'budget');
    this.#connection = new ScriptConnection({ url, script }, deps);
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

  async #run(args: readonly string[]): Promise<Reply> {
    return (await this.#connection.run(this.#key, args)) as Reply;
  }
}
