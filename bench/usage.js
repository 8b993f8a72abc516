// Loaded into a measured process: at the end it writes the resource usage to file descriptor 3.
import { existsSync, readFileSync, writeSync } from 'node:fs';

const status = '/proc/self/status';

/** On Linux `maxRSS` includes the parent's memory at the start of the process; this reads the process's own peak. */
function peakMiB(maxRSS) {
  const ownKiB = existsSync(status) ? /VmHWM:\s+(\d+)/.exec(readFileSync(status, 'utf8'))?.[1] : undefined;
  return Number(ownKiB ?? maxRSS) / 1_024;
}

process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  writeSync(3, JSON.stringify({ cpuMs: (userCPUTime + systemCPUTime) / 1_000, peakMiB: peakMiB(maxRSS) }));
});
