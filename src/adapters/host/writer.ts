import { readFileSync } from 'node:fs';
import { namespaceOf } from './boot.ts';

/** State and start (fields 3 and 22 of proc(5) `stat`). The name before them may hold blanks and parentheses. */
function procStat(pid: number | 'self'): { state: string; start: string } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', start: fields[19] ?? '' };
  } catch {
    return null;
  }
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

const pidNamespace = namespaceOf('pid');
const start = procStat('self')?.start ?? '';

/** Names this process for good, as `pid.start.namespace`: a pid alone is used again, and means others elsewhere. */
export const thisWriter = `${process.pid}.${start}.${pidNamespace}`;

/** Whether a writer has ended, or stands still. One that cannot be seen from here counts as alive. */
export function isGone(writer: string): boolean {
  const [pid = '', startedAt, namespace] = writer.split('.');
  if (writer === thisWriter || namespace !== pidNamespace || !(Number(pid) > 0)) return false;
  if (!isThere(Number(pid))) return true;
  const stat = procStat(Number(pid));
  // Z and X have ended, T and t are stopped: their answers may come, but nobody knows when.
  return stat !== null && (stat.start !== startedAt || 'ZXTt'.includes(stat.state));
}
