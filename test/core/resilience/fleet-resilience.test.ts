import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/adapters/virtual/seeded-random.ts';
import { VirtualClock } from '../../../src/adapters/virtual/virtual-clock.ts';
import { FleetResilience } from '../../../src/core/resilience/fleet-resilience.ts';
import { HostResilience } from '../../../src/core/resilience/host-resilience.ts';
import { fleetShareOf } from '../../../src/core/resilience/remote-lease.ts';
import type { StateReply, StateCommand } from '../../../src/core/resilience/resilience-state.ts';
import type { RetryBudgetOptions } from '../../../src/core/resilience/retry-budget.ts';
import { MemoryBucket } from '../../support/memory-bucket.ts';
import { MemoryLog } from '../../support/memory-log.ts';
import { usualBreaker } from '../../support/solver-harness.ts';

const budget: RetryBudgetOptions = { ratio: 0.1, minRetriesPerSecond: 0, maxRetriesPerSecond: 10, burst: 20 };
const now = { onExhausted: 'fail', maxWaitMs: 0, taskId: 't1' } as const;
const later = { ...now, onExhausted: 'wait', maxWaitMs: 60_000 } as const;

/** A fleet, and hosts in it with any number of processes. */
function aFleet(theirs = budget) {
  const clock = new VirtualClock();
  const nowMs = (): number => clock.nowMs();
  const bucket = new MemoryBucket(theirs, nowMs);
  const warnings: string[] = [];
  const shared = { nowMs, clock, random: seededRandom(1), warn: (message: string) => void warnings.push(message) };
  const hosts = new Map<string, MemoryLog<StateCommand, StateReply>>();
  const join = (name: string): FleetResilience => {
    const log = hosts.get(name) ?? new MemoryLog<StateCommand, StateReply>(nowMs);
    hosts.set(name, log);
    const options = { budget: fleetShareOf(budget, 0.1), breaker: usualBreaker };
    const host = new HostResilience(options, { openLog: (state) => log.open(name, state), ...shared });
    return new FleetResilience(budget, { host, openBucket: async () => bucket, ...shared });
  };
  return { clock, bucket, warnings, join };
}

async function grantsOf(protection: FleetResilience, asks: number): Promise<number> {
  let granted = 0;
  for (let count = 0; count < asks; count += 1) if ((await protection.budget.tryWithdraw(now)).granted) granted += 1;
  return granted;
}

describe('FleetResilience', () => {
  it('does not contact the fleet without need', async () => {
    const { clock, bucket, join } = aFleet();
    const a = join('a');
    await a.breaker.tryAcquire();
    await clock.advance(10_000);
    await a.close();
    expect(bucket.talks).toEqual([]);
  });

  it('reports the budget of the fleet once it has answered, and its own share while the fleet does not', async () => {
    const { bucket, join } = aFleet();
    const a = join('a');
    const answered = () => new Promise((resolve) => setImmediate(resolve));
    expect(a.facts(null)).toBeNull();
    await answered();
    expect(a.facts(null)).toMatchObject({ scope: 'redis', degraded: false, burst: 20, breaker: { state: 'closed' } });
    bucket.isAway = true;
    a.facts(null);
    await answered();
    expect(a.facts(null)).toMatchObject({ scope: 'redis', degraded: true, burst: 2 });
  });

  it('sums up accepted submissions of all processes on its host, and syncs them every second', async () => {
    const { clock, bucket, join } = aFleet();
    const [a, other] = [join('a'), join('a')];
    for (let count = 0; count < 100; count += 1) {
      await a.budget.deposit();
      await other.budget.deposit();
      await clock.advance(30);
    }
    expect(bucket.talks.length).toBeLessThanOrEqual(3);
    await clock.advance(2_000);
    expect(bucket.talks.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(200);
  });

  it('syncs the rest on close, unless a process has just synced', async () => {
    const { clock, bucket, join } = aFleet();
    const [a, other, third] = [join('a'), join('a'), join('a')];
    await a.budget.deposit();
    await a.close();
    await other.budget.deposit();
    await other.close();
    expect(bucket.talks.map(({ accepted }) => accepted)).toEqual([1]);
    await clock.advance(1_000);
    await third.budget.deposit();
    bucket.travel = () => Promise.resolve();
    await third.close();
    expect(
      bucket.talks.map(({ accepted }) => accepted),
      'what was left goes with the next',
    ).toEqual([1, 2]);
  });

  it('requests more at once if tokens are used up quickly, for all processes of its host', async () => {
    const { bucket, join } = aFleet();
    const [a, other] = [join('a'), join('a')];
    expect((await grantsOf(a, 5)) + (await grantsOf(other, 10))).toBe(15);
    expect(bucket.talks.map(({ surplus }) => surplus)).toEqual([0, 1, 3, 7]);
  });

  it('requests one if the last ones were not used up', async () => {
    const { clock, bucket, join } = aFleet();
    const a = join('a');
    await grantsOf(a, 2);
    await clock.advance(2_000);
    await grantsOf(a, 1);
    expect(bucket.talks.map(({ surplus }) => surplus)).toEqual([0, 1, 0]);
  });

  it('does not request tokens that the fleet has just refused, for all processes of its host', async () => {
    const { clock, bucket, join } = aFleet({ ...budget, minRetriesPerSecond: 2 });
    const [a, other] = [join('a'), join('a')];
    await grantsOf(a, 30);
    const talks = bucket.talks.length;
    expect(await other.budget.tryWithdraw(now)).toEqual({ granted: false, retryInMs: 500 });
    expect(bucket.talks).toHaveLength(talks);
    await clock.advance(500);
    expect(await other.budget.tryWithdraw(now)).toMatchObject({ granted: true });
  });

  it('puts concurrent requests into one sync', async () => {
    const { clock, bucket, join } = aFleet();
    const a = join('a');
    bucket.travel = () => clock.sleep(20);
    const asking = Promise.all(Array.from({ length: 15 }, async () => a.budget.tryWithdraw(later)));
    await clock.advance(200);
    expect((await asking).every(({ granted }) => granted)).toBe(true);
    expect(bucket.talks.map(({ asks }) => asks.length)).toEqual([1, 14]);
  });

  it('applies a Retry-After of another host', async () => {
    const { join, bucket } = aFleet();
    const [a, b] = [join('a'), join('b')];
    await a.retryAfterGate.extend(5_000);
    expect(bucket.talks).toMatchObject([{ quietMs: 5_000 }]);
    await b.budget.tryWithdraw(now);
    expect(await b.retryAfterGate.leftMs()).toBe(5_000);
  });

  it('warns once if other hosts have other settings', async () => {
    const { warnings, join } = aFleet({ ...budget, burst: 7 });
    await grantsOf(join('a'), 3);
    expect(warnings).toEqual([expect.stringContaining('settings differ')]);
  });
});

describe('FleetResilience, while the fleet is unreachable', () => {
  it('continues with the share of its host, and warns once with the reason', async () => {
    const { clock, bucket, warnings, join } = aFleet();
    bucket.isAway = true;
    const [a, other] = [join('a'), join('a')];
    const fleet = { ratio: null, minRetriesPerSecond: 1, maxRetriesPerSecond: 10, burst: 20 };
    expect(fleetShareOf(fleet, 0.1)).toEqual({
      ...{ ratio: null, minRetriesPerSecond: 0.1, maxRetriesPerSecond: 1, burst: 2 },
    });
    expect(await grantsOf(a, 5)).toBe(2);
    expect(await grantsOf(other, 5), 'it is one share for the host').toBe(0);
    await clock.advance(5_000);
    await grantsOf(a, 5);
    expect(warnings).toEqual([
      expect.stringMatching(/nobody is there; until it answers, this host uses its share/),
      expect.stringMatching(/nobody is there/),
    ]);
  });

  it('reconnects less and less often, one process of a host at a time, and returns to it', async () => {
    const { clock, bucket, join } = aFleet();
    bucket.isAway = true;
    const processes = [join('a'), join('a'), join('a')];
    for (let count = 0; count < 6_000; count += 1) {
      for (const each of processes) await each.budget.tryWithdraw(now);
      await clock.advance(10);
    }
    expect(bucket.talks.length).toBeGreaterThan(4);
    expect(bucket.talks.length).toBeLessThan(9);
    bucket.isAway = false;
    await clock.advance(30_000);
    expect(await grantsOf(processes[0]!, 15)).toBe(15);
  });

  it('does not delay close: it syncs nothing while unreachable', async () => {
    const { bucket, join } = aFleet();
    bucket.isAway = true;
    const a = join('a');
    await a.budget.tryWithdraw(now);
    await a.budget.deposit();
    await a.close();
    expect(bucket.talks).toHaveLength(1);
  });
});
