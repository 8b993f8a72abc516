import type { RegionStatus } from '../../domain/region.ts';
import type { ProbeResult, RegionAnswer } from '../../ports/region-probe.ts';

/** What one look at a region says, taken by itself. */
export interface ProbeVerdict {
  readonly status: Exclude<RegionStatus, 'unknown'>;
  /** Why it is not well, or what it says that cannot be, as one phrase; null where there is nothing to say. */
  readonly error: string | null;
  /** True where a region that goes on like this is unhealthy in the end. */
  readonly isFailing: boolean;
}

/** The words that workers use for themselves; any other says nothing. */
const words: Readonly<Record<string, ProbeVerdict['status']>> = {
  healthy: 'healthy',
  ok: 'healthy',
  up: 'healthy',
  pass: 'healthy',
  degraded: 'degraded',
  warn: 'degraded',
  idle: 'idle',
  unhealthy: 'unhealthy',
  down: 'unhealthy',
  fail: 'unhealthy',
  draining: 'unhealthy',
};

function judgeAnswer({ status, activeWorkers, queueDepth, mistake }: RegionAnswer): ProbeVerdict {
  const word = Object.hasOwn(words, status ?? '') ? words[status ?? ''] : undefined;
  if (word === 'unhealthy') return { status: word, error: `says that it is ${status ?? ''}`, isFailing: true };
  const isAsleep = activeWorkers === 0;
  if (isAsleep && queueDepth !== null && queueDepth > 0) {
    // It may be waking up: to call it unhealthy at once would take away the tasks that wake it.
    return { status: 'degraded', error: `no workers for ${queueDepth} waiting tasks`, isFailing: true };
  }
  if (word === 'degraded') return { status: word, error: `says that it is ${status ?? ''}`, isFailing: false };
  return { status: isAsleep || word === 'idle' ? 'idle' : 'healthy', error: mistake ?? null, isFailing: false };
}

/**
 * Judges one probe. Workers know best how they are, so their own word counts; a deep queue alone is no trouble, a queue
 * that nobody works on is.
 */
export function judgeProbe(result: ProbeResult): ProbeVerdict {
  return result.answered ? judgeAnswer(result.answer) : { status: 'unhealthy', error: result.error, isFailing: true };
}
