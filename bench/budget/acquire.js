import { setTimeout as sleep } from 'node:timers/promises';
import { RedisBucket } from '../../src/adapters/redis/budget-bucket.ts';
import { hostNowMs } from '../../src/adapters/state/host-clock.ts';
import { HostLog } from '../../src/adapters/state/host-log.ts';
import { systemClock as clock } from '../../src/adapters/system/system-clock.ts';
import { FleetResilience } from '../../src/core/resilience/fleet-resilience.ts';
import { HostResilience } from '../../src/core/resilience/host-resilience.ts';
import { bound } from './bound.js';

// `acquire.js FOLDER DURATION_MS THINK_MS [REDIS_URL]`: requests tokens, and prints how long each request took and when
// tokens were granted.
const [, , folder, durationMs, thinkMs, url] = process.argv;
const budget = { ratio: null, minRetriesPerSecond: 0, maxRetriesPerSecond: bound.perSecond, burst: bound.burst };
const breaker = {
  ...{ failureRatio: null, minimumThroughput: 10, consecutiveFailures: null, samplingDurationMs: 30_000 },
  ...{ breakDurationMs: 5_000, maxBreakDurationMs: 60_000, probeLeaseMs: 60_000 },
};
const shared = {
  ...{ nowMs: hostNowMs, clock, random: { next: Math.random } },
  warn: (message) => {
    throw new Error(message);
  },
};
const openLog = (state) => new HostLog({ folder }, state);
const host = new HostResilience({ budget, breaker }, { openLog, ...shared });
const place = { url, baseUrl: 'https://example.com', accountId: 'bench' };
const openBucket = async () => new RedisBucket(place, { clock });
const protection = url === undefined ? host : new FleetResilience(budget, { host, openBucket, ...shared });

const tookMs = [];
const grants = [];
const request = { onExhausted: 'fail', maxWaitMs: 0, taskId: 'bench' };
await protection.budget.tryWithdraw(request);
const beganMs = hostNowMs();
for (let nowMs = beganMs; nowMs < beganMs + Number(durationMs); nowMs = hostNowMs()) {
  const withdrawal = protection.budget.tryWithdraw(request);
  // The host answers synchronously; an await would cost a turn of the event loop.
  const { granted } = url === undefined ? withdrawal : await withdrawal;
  const endedMs = hostNowMs();
  tookMs.push(endedMs - nowMs);
  if (granted) grants.push([nowMs, endedMs]);
  // An occasional turn of the event loop, in which refusals are written; with a pause, like a solver.
  if (Number(thinkMs) > 0) await sleep(Math.random() * 2 * Number(thinkMs));
  else if (tookMs.length % 1_000 === 0) await sleep(0);
}
await protection.close();
tookMs.sort((a, b) => a - b);
const quantile = (q) => tookMs[Math.floor(q * (tookMs.length - 1))];
const report = {
  calls: tookMs.length,
  beganMs,
  endedMs: hostNowMs(),
  p50: quantile(0.5),
  p99: quantile(0.99),
  grants,
};
process.stdout.write(JSON.stringify(report));
