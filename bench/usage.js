// Loaded into a process that is measured: says in the end, on file descriptor 3, what the process has used.
import { existsSync, readFileSync, writeSync } from 'node:fs';

const status = '/proc/self/status';

/** Linux counts into `maxRSS` what the parent had in memory when it started the process; its own peak stands here. */
function peakMiB(maxRSS) {
  const ownKiB = existsSync(status) ? /VmHWM:\s+(\d+)/.exec(readFileSync(status, 'utf8'))?.[1] : undefined;
  return Number(ownKiB ?? maxRSS) / 1_024;
}

process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  writeSync(3, JSON.stringify({ cpuMs: (userCPUTime + systemCPUTime) / 1_000, peakMiB: peakMiB(maxRSS) }));
});
