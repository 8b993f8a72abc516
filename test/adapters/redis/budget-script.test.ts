import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RedisBucket } from '../../../src/adapters/redis/budget-bucket.ts';
import { systemClock as clock } from '../../../src/adapters/system/system-clock.ts';
import { type RetryBudgetOptions, RetryBudgetState } from '../../../src/core/resilience/retry-budget.ts';
import type { SyncOptions } from '../../../src/ports/state.ts';
import { hasRedis, RedisServer } from '../../contract/support/redis-server.ts';
import { clockedScript, ScriptedClock } from './support/scripted-clock.ts';
import { runs } from '../../support/exhaustive.ts';

const budget: RetryBudgetOptions = { ratio: null, minRetriesPerSecond: 0, maxRetriesPerSecond: 1, burst: 20 };
const nothing: SyncOptions = {
  ...{
    options: budget,
    accepted: 0,
    refused: 0,
    quietMs: 0,
    surplus: 0,
    leaseMs: 2_000,
    epoch: '',
    promisedMs: 0,
    asks: [],
  },
};
/** An approximate server time. */
const epochMs = 1_790_000_000_000;

const someOptions = fc.record<RetryBudgetOptions>({
  ratio: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: null }),
  minRetriesPerSecond: fc.double({ min: 0, max: 3, noNaN: true }),
  maxRetriesPerSecond: fc.double({ min: 0.01, max: 50, noNaN: true }),
  burst: fc.integer({ min: 1, max: 30 }),
});
const someTalk = fc.record({
  afterMs: fc.oneof(
    fc.constant(0),
    fc.integer({ min: 0, max: 5_000 }).map((eighths) => eighths / 8),
  ),
  accepted: fc.oneof(fc.constant(0), fc.nat(20)),
  asks: fc.array(fc.constantFrom(0, 0, 50, 1_500, Infinity), { maxLength: 3 }),
});

describe.skipIf(!hasRedis)('the bucket in Redis', () => {
  let server: RedisServer;
  let time: ScriptedClock;
  let bucket: RedisBucket;
  beforeAll(async () => {
    server = await RedisServer.start({ durable: false });
    time = new ScriptedClock(server.url());
    const place = { url: server.url(), baseUrl: 'https://example.com', accountId: 'a', script: clockedScript };
    bucket = new RedisBucket(place, { clock });
  });
  afterAll(async () => {
    bucket.close();
    time.close();
    await server.stop();
  });

  async function begin(ms = epochMs): Promise<void> {
    await time.forget();
    await time.set(ms);
  }

  async function at(ms: number, sync: Partial<SyncOptions> = {}) {
    await time.set(ms);
    return bucket.sync({ ...nothing, ...sync });
  }

  it("grants the same as a process's budget, after any requests", async () => {
    const property = fc.asyncProperty(
      fc.array(someTalk, { minLength: 1, maxLength: 30 }),
      someOptions,
      async (talks, options) => {
        await begin();
        const state = new RetryBudgetState(options, epochMs);
        let nowMs = epochMs;
        for (const { afterMs, ...said } of talks) {
          nowMs += afterMs;
          const answer = await at(nowMs, { options, ...said });
          if (said.accepted > 0) state.deposit(nowMs, said.accepted);
          expect(answer.withdrawals).toEqual(said.asks.map((ms) => state.tryWithdraw(ms, nowMs)));
          expect(answer.balance).toBe(state.balance(nowMs));
          expect(answer.nextTokenInMs).toBe(state.waitForTokenMs(nowMs));
        }
      },
    );
    await fc.assert(property, { numRuns: runs(150) });
  });

  it('keeps the limit, whenever leased tokens are used', async () => {
    const leasing = fc.record({
      afterMs: fc.oneof(fc.constant(0), fc.constant(1_999), fc.nat(2_500)),
      asks: fc.constantFrom(0, 0, 1, 3, 25),
      surplus: fc.nat(8),
      isLate: fc.boolean(),
    });
    const options = { ...budget, maxRetriesPerSecond: 10 };
    const property = fc.asyncProperty(fc.array(leasing, { minLength: 1, maxLength: 40 }), async (talks) => {
      await begin();
      let nowMs = epochMs;
      const usesMs: number[] = [];
      for (const { afterMs, asks, surplus, isLate } of talks) {
        nowMs += afterMs;
        const answer = await at(nowMs, { options, asks: Array.from({ length: asks }, () => 0), surplus });
        usesMs.push(...answer.withdrawals.filter(({ granted }) => granted).map(() => nowMs));
        usesMs.push(...Array.from({ length: answer.surplus }, () => nowMs + (isLate ? nothing.leaseMs - 0.001 : 0)));
      }
      usesMs.sort((a, b) => a - b);
      usesMs.forEach((toMs, to) =>
        usesMs.slice(0, to + 1).forEach((fromMs, from) => {
          expect(to - from + 1).toBeLessThanOrEqual(budget.burst + (toMs - fromMs) / 100 + 1e-6);
        }),
      );
    });
    await fc.assert(property, { numRuns: runs(60) });
  });

  it('leases at most a quarter of its balance', async () => {
    await begin();
    expect(await at(epochMs, { asks: [0], surplus: 100 })).toMatchObject({ surplus: 4, leased: 4, balance: 15 });
  });

  it('is full again when its leases have ended', async () => {
    await begin();
    await at(epochMs, { surplus: 5 });
    expect(await at(epochMs + 1_999)).toMatchObject({ balance: 15, leased: 5 });
    expect(await at(epochMs + 7_000)).toMatchObject({ balance: 20, leased: 0 });
  });

  it('continues from its latest time if the clock is set back', async () => {
    await begin();
    await at(epochMs, { asks: Array.from({ length: 20 }, () => 0) });
    expect(await at(epochMs - 3_600_000)).toMatchObject({ balance: 0 });
    expect(await at(epochMs - 3_600_000 + 3_000)).toMatchObject({ balance: 3 });
  });

  it('keeps the settings of the first host, and takes others with a reset', async () => {
    await begin();
    await at(epochMs, { asks: [0] });
    const options = { ...budget, ratio: 0.2, burst: 5 };
    expect(await at(epochMs, { options })).toMatchObject({ options: budget, balance: 19 });
    await bucket.reset(options);
    expect(await at(epochMs)).toMatchObject({ options, balance: 5, granted: 0 });
  });

  it('starts empty if a host knew the old one: a Redis that lost its data gives no second burst', async () => {
    await begin();
    expect(await at(epochMs, { epoch: 'lost', asks: [0] })).toMatchObject({ settlingMs: 2_000, refused: 1 });
    expect(await at(epochMs + 1_999, { asks: [0, Infinity], surplus: 8 })).toMatchObject({ granted: 0, leased: 0 });
    expect(await at(epochMs + 3_000, { asks: [0, 0] })).toMatchObject({ settlingMs: 0, granted: 1 });
  });

  it('grants nothing before the last time for which the lost one had promised a token', async () => {
    await begin();
    await at(epochMs, { epoch: 'lost', promisedMs: 1_000 });
    await at(epochMs + 1_000, { epoch: 'lost', promisedMs: 7_000 });
    const { withdrawals } = await at(epochMs + 2_000, { asks: [Infinity, Infinity] });
    expect(withdrawals).toEqual([7_000, 8_000].map((waitMs) => ({ granted: true, waitMs })));
  });

  it('removes its initial tokens once, when a host reports that it replaces a lost one', async () => {
    await begin();
    await at(epochMs, { asks: [0, 0, 0] });
    expect((await at(epochMs, { epoch: 'lost' })).withdrawals).toEqual([]);
    expect(await at(epochMs + 2_000, { epoch: 'lost' })).toMatchObject({ balance: -3, epoch: String(epochMs) });
  });

  it("does not count as lost after a user's reset", async () => {
    await begin();
    const { epoch } = await at(epochMs);
    await bucket.reset(budget);
    expect(await at(epochMs + 1, { epoch, asks: [0] })).toMatchObject({ epoch, granted: 1 });
  });

  it('keeps the limit over data losses, if waiting hosts sync every second', async () => {
    const options = { ...budget, maxRetriesPerSecond: 10 };
    const step = fc.record({
      afterMs: fc.oneof(fc.constant(0), fc.nat(900)),
      host: fc.nat(2),
      asks: fc.array(fc.constantFrom(0, 3_000, Infinity), { maxLength: 12 }),
      surplus: fc.nat(7),
      isLoss: fc.boolean(),
    });
    const property = fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 40 }), async (steps) => {
      await begin();
      let nowMs = epochMs;
      let losses = 0;
      const usesMs: number[] = [];
      const hosts = [0, 1, 2].map(() => ({ epoch: '', untilMs: 0, toldMs: epochMs }));
      const sync = async (host: (typeof hosts)[number], asks: readonly number[], surplus: number): Promise<void> => {
        const { epoch, untilMs } = host;
        const answer = await at(nowMs, { options, epoch, promisedMs: Math.max(0, untilMs - nowMs), asks, surplus });
        const granted = answer.withdrawals.filter((each) => each.granted).map(({ waitMs }) => nowMs + waitMs);
        usesMs.push(...granted, ...Array.from({ length: answer.surplus }, () => nowMs + nothing.leaseMs - 0.001));
        Object.assign(host, { epoch: answer.epoch, untilMs: Math.max(untilMs, ...granted), toldMs: nowMs });
      };
      for (const { afterMs, host, asks, surplus, isLoss } of steps) {
        const thenMs = nowMs + afterMs;
        for (const each of hosts.filter(({ toldMs, untilMs }) => untilMs > nowMs && thenMs - toldMs >= 1_000)) {
          nowMs = Math.max(nowMs, each.toldMs + 1_000);
          await sync(each, [], 0);
        }
        nowMs = thenMs;
        // Full buckets that no host remembers are not counted here.
        if (isLoss && losses < 3 && hosts.every(({ epoch }) => epoch !== '')) {
          await time.forget();
          losses += 1;
          nowMs += 0.125;
        }
        await sync(hosts[host]!, asks, surplus);
      }
      usesMs.sort((a, b) => a - b);
      usesMs.forEach((toMs, to) =>
        usesMs.slice(0, to + 1).forEach((fromMs, from) => {
          expect(to - from + 1).toBeLessThanOrEqual(budget.burst + (toMs - fromMs) / 100 + 1e-6);
        }),
      );
    });
    await fc.assert(property, { numRuns: runs(60) });
  });

  it('tells all hosts how long the service must be left alone', async () => {
    await begin();
    await at(epochMs, { quietMs: 5_000 });
    await at(epochMs + 100, { quietMs: 1_000 });
    expect((await at(epochMs + 1_000)).quietMs).toBe(4_000);
    expect((await at(epochMs + 6_000)).quietMs).toBe(0);
  });

  it('is only read by a look', async () => {
    await begin();
    expect(await bucket.look(budget)).toMatchObject({ balance: 20, granted: 0 });
    const options = { ...budget, burst: 3 };
    expect(await at(epochMs, { options }), 'to look has made none').toMatchObject({ options, balance: 3 });
  });
});
