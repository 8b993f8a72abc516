import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { hostNowMs } from '../../../../src/adapters/state/host-clock.ts';
import { HostLog } from '../../../../src/adapters/state/host-log.ts';
import { systemClock as clock } from '../../../../src/adapters/system/system-clock.ts';
import { HostResilience } from '../../../../src/core/resilience/host-resilience.ts';
import type { StateReply, StateCommand } from '../../../../src/core/resilience/resilience-state.ts';

/**
 * `child.mjs FOLDER PER_SECOND BURST GENERATION_BYTES DURATION_MS THINK_MS`: requests tokens and prints when it got
 * them.
 */
const [, , folder = '', perSecond, burst, generationBytes, durationMs, thinkMs] = process.argv;

const breaker = {
  failureRatio: null,
  minimumThroughput: 10,
  consecutiveFailures: null,
  samplingDurationMs: 30_000,
  breakDurationMs: 5_000,
  maxBreakDurationMs: 60_000,
  probeLeaseMs: 60_000,
};
const budget = { ratio: null, minRetriesPerSecond: 0, maxRetriesPerSecond: Number(perSecond), burst: Number(burst) };

const protection = new HostResilience(
  { budget, breaker },
  {
    openLog: (state) =>
      new HostLog<StateCommand, StateReply>({ folder, generationBytes: Number(generationBytes) }, state),
    nowMs: hostNowMs,
    clock,
    random: { next: () => 0 },
    warn: (message) => void writeSync(1, `warning ${message}\n`),
  },
);

const endMs = hostNowMs() + Number(durationMs);
let [calls, longestMs, toldMs] = [0, 0, 0];
while (hostNowMs() < endMs) {
  const beganMs = hostNowMs();
  const withdrawal = await protection.budget.tryWithdraw({ onExhausted: 'fail', maxWaitMs: 0, taskId: 't' });
  const endedMs = hostNowMs();
  calls += 1;
  longestMs = Math.max(longestMs, endedMs - beganMs);
  if (withdrawal.granted) writeSync(1, `grant ${beganMs} ${endedMs}\n`);
  if (endedMs - toldMs > 20) {
    writeSync(1, `calls ${calls} ${longestMs}\n`);
    [calls, longestMs, toldMs] = [0, 0, endedMs];
  }
  if (Number(thinkMs) > 0) await sleep(Math.random() * Number(thinkMs));
}
writeSync(1, `calls ${calls} ${longestMs}\n`);
protection.close();
