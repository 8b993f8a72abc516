import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { RedisBucket } from '../../../../src/adapters/redis/budget-bucket.ts';
import { hostNowMs } from '../../../../src/adapters/state/host-clock.ts';
import { HostLog } from '../../../../src/adapters/state/host-log.ts';
import { systemClock as clock } from '../../../../src/adapters/system/system-clock.ts';
import { FleetResilience } from '../../../../src/core/resilience/fleet-resilience.ts';
import { HostResilience } from '../../../../src/core/resilience/host-resilience.ts';
import { fleetShareOf } from '../../../../src/core/resilience/remote-lease.ts';
import type { StateReply, StateCommand } from '../../../../src/core/resilience/resilience-state.ts';
import { usualBreaker } from '../../../support/solver-harness.ts';

/**
 * `child.mjs URL FOLDER PER_SECOND BURST DURATION_MS SKEW_MS`: requests tokens and prints when it got them, by its
 * host's clock.
 */
const [, , url = '', folder = '', perSecond, burst, durationMs, skewMs] = process.argv;
const wallClock = Date.now.bind(Date);
Date.now = () => wallClock() + Number(skewMs);

const budget = { ratio: null, minRetriesPerSecond: 0, maxRetriesPerSecond: Number(perSecond), burst: Number(burst) };
const shared = {
  ...{ nowMs: hostNowMs, clock, random: { next: Math.random } },
  warn: (message: string) => void writeSync(1, `warning ${message}\n`),
};
const host = new HostResilience(
  { budget: fleetShareOf(budget, 0.1), breaker: usualBreaker },
  {
    openLog: (state) => new HostLog<StateCommand, StateReply>({ folder, generationBytes: 4_000 }, state),
    ...shared,
  },
);
const place = { url, baseUrl: 'https://example.com', accountId: 'a' };
const openBucket = async (): Promise<RedisBucket> => new RedisBucket(place, { clock });
const protection = new FleetResilience(budget, { host, openBucket, ...shared });

const endMs = hostNowMs() + Number(durationMs);
while (hostNowMs() < endMs) {
  const beganMs = hostNowMs();
  const withdrawal = await protection.budget.tryWithdraw({ onExhausted: 'fail', maxWaitMs: 0, taskId: 't' });
  const endedMs = hostNowMs();
  if (withdrawal.granted) writeSync(1, `grant ${beganMs} ${endedMs}\n`);
  writeSync(1, `calls 1 ${endedMs - beganMs}\n`);
  await sleep(Math.random() * 10);
}
await protection.close();
