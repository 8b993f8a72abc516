import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { hostNowMs } from '../../../../src/adapters/state/host-clock.ts';
import { HostLog } from '../../../../src/adapters/state/host-log.ts';
import { systemClock as clock } from '../../../../src/adapters/system/system-clock.ts';
import { HostResilience } from '../../../../src/core/resilience/host-resilience.ts';
import { HostSubmissions } from '../../../../src/core/resilience/host-submissions.ts';
import type { StateCommand, StateReply } from '../../../../src/core/resilience/resilience-state.ts';

/**
 * `child.mjs FOLDER COUNT GENERATION_BYTES THINK_MS`: submits until the limit of COUNT per hour is reached, and prints a
 * line for each submission and one at the end.
 */
const [, , folder = '', count, generationBytes, thinkMs] = process.argv;

const breaker = {
  failureRatio: null,
  minimumThroughput: 10,
  consecutiveFailures: null,
  samplingDurationMs: 30_000,
  breakDurationMs: 5_000,
  maxBreakDurationMs: 60_000,
  probeLeaseMs: 60_000,
};
const budget = { ratio: null, minRetriesPerSecond: 0, maxRetriesPerSecond: 1, burst: 1 };
const warn = (message: string): void => void writeSync(1, `warning ${message}\n`);
const host = new HostResilience(
  { budget, breaker },
  {
    openLog: (state) =>
      new HostLog<StateCommand, StateReply>({ folder, generationBytes: Number(generationBytes) }, state),
    ...{ nowMs: hostNowMs, clock, random: { next: () => 0 }, warn },
  },
);
const limits = [{ label: null, count: Number(count), windowMs: 3_600_000 }];
const gate = new HostSubmissions({ limits, label: null }, { host, nowMs: hostNowMs, warn });

writeSync(1, 'begun\n');
while (gate.check() === null && gate.count('t').counted) {
  writeSync(1, 'sent\n');
  await sleep(Math.random() * Number(thinkMs));
}
host.close();
writeSync(1, 'ended\n');
