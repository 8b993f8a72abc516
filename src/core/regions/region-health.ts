import type { Region, RegionHealth, RegionStatus } from '../../domain/region.ts';
import type { ProbeResult, RegionAnswer } from '../../ports/api.ts';

/** The verdict of a single probe. */
interface ProbeJudgement {
  readonly status: Exclude<RegionStatus, 'unknown'>;
  /** A phrase for the user: the trouble, or an inconsistent report; null if there is none. */
  readonly error: string | null;
  /** True if a region with repeated results like this becomes unhealthy. */
  readonly isFailing: boolean;
}

/** The status words that workers report; other words are ignored. */
const words: Readonly<Record<string, ProbeJudgement['status']>> = {
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

/** Why a region is idle, by its own words or those of its queue. */
function whyIdle({ status, activeWorkers, asleep }: RegionAnswer): string {
  if (asleep !== undefined) return asleep;
  return activeWorkers === 0 ? 'reports no active workers' : `reports status ${status ?? ''}`;
}

function judgeAnswer(answer: RegionAnswer): ProbeJudgement {
  const { status, activeWorkers, queueDepth, invalidField } = answer;
  const word = Object.hasOwn(words, status ?? '') ? words[status ?? ''] : undefined;
  if (word === 'unhealthy') return { status: word, error: `reports status ${status ?? ''}`, isFailing: true };
  const isAsleep = activeWorkers === 0;
  if (isAsleep && queueDepth !== null && queueDepth > 0) {
    // The region may be starting up. Marking it unhealthy at once would redirect the tasks that start it.
    return { status: 'degraded', error: `no workers for ${queueDepth} waiting tasks`, isFailing: true };
  }
  if (word === 'degraded') return { status: word, error: `reports status ${status ?? ''}`, isFailing: false };
  const isIdle = isAsleep || word === 'idle';
  const error = invalidField ?? (isIdle ? whyIdle(answer) : null);
  return { status: isIdle ? 'idle' : 'healthy', error, isFailing: false };
}

/** The limit of this machine that kept a region from being asked, so that the result says nothing about it; null if none did. */
export function localLimitIn(result: ProbeResult): string | null {
  return !result.answered && result.isLocal === true ? result.error : null;
}

/** Judges one probe. The workers' own status counts. A deep queue alone is no fault, a queue without workers is. */
export function judgeProbe(result: ProbeResult): ProbeJudgement {
  return result.answered ? judgeAnswer(result.answer) : { status: 'unhealthy', error: result.error, isFailing: true };
}

/** The health of a region without an endpoint or before its first probe. `since` in ms since the epoch. */
export function unknownHealth({ name, health }: Region, since: number): RegionHealth {
  const error = health === null ? 'has no health endpoint' : null;
  return { region: name, status: 'unknown', latencyMs: null, activeWorkers: null, queueDepth: null, since, error };
}

/** Thresholds for changing a region's status. */
export interface HealthRules {
  /** Consecutive failed probes that make a region unhealthy. */
  readonly fall: number;
  /** Consecutive good probes that make it healthy again. */
  readonly rise: number;
  /** Age after which the last probe says nothing any more, in ms. */
  readonly staleMs: number;
}

/** The probe history of a region. */
export interface RegionHistory {
  readonly region: Region;
  readonly health: RegionHealth;
  /** Consecutive failed and good probes; one of the two is 0. */
  readonly failureCount: number;
  readonly successCount: number;
  /** Wall clock of the last probe, in ms since the epoch; null before the first one. */
  readonly probedAt: number | null;
  /** True if quick re-probes are worthwhile: they will decide the status. */
  readonly isChanging: boolean;
}

/** The initial history of a region. */
export function startHistory(region: Region, timestamp: number): RegionHistory {
  const health = unknownHealth(region, timestamp);
  return { region, health, failureCount: 0, successCount: 0, probedAt: null, isChanging: false };
}

type Counts = Pick<RegionHistory, 'failureCount' | 'successCount'>;

/** The status of a region after a failed probe. */
function statusFalling(before: RegionStatus, { status }: ProbeJudgement, isDown: boolean): RegionStatus {
  if (isDown || before === 'unhealthy') return 'unhealthy';
  // A region that never worked cannot be "degraded".
  return before === 'unknown' && status === 'unhealthy' ? 'unknown' : 'degraded';
}

function believed(
  before: RegionStatus,
  judgement: ProbeJudgement,
  { counts, rules }: { counts: Counts; rules: HealthRules },
) {
  const { failureCount, successCount } = counts;
  const { fall, rise } = rules;
  if (judgement.isFailing) {
    const isDown = failureCount >= fall;
    const progress = isDown || before === 'unhealthy' ? '' : `, ${failureCount} of ${fall}`;
    const status = statusFalling(before, judgement, isDown);
    return { status, error: `${judgement.error ?? ''}${progress}`, isChanging: status !== 'unhealthy' };
  }
  if (before !== 'unhealthy' || successCount >= rise) return { ...judgement, isChanging: false };
  return { status: before, error: `answers again, ${successCount} of ${rise}`, isChanging: true };
}

const isStale = ({ probedAt }: RegionHistory, timestamp: number, { staleMs }: HealthRules): boolean =>
  probedAt !== null && timestamp - probedAt > staleMs;

/**
 * The history after one more probe. `fall` consecutive failures make a region unhealthy, `rise` consecutive successes
 * make it healthy again; its very first success counts at once. A failure below the threshold is still shown: the
 * region is `degraded`, or stays `unknown` if it never served. Pure.
 */
export function recordProbe(
  history: RegionHistory,
  result: ProbeResult,
  { rules, timestamp }: { rules: HealthRules; timestamp: number },
): RegionHistory {
  const localLimit = localLimitIn(result);
  if (localLimit !== null) return { ...history, health: { ...history.health, error: localLimit } };
  const {
    region,
    health: before,
    ...streak
  } = isStale(history, timestamp, rules) ? startHistory(history.region, timestamp) : history;
  const judgement = judgeProbe(result);
  const failureCount = judgement.isFailing ? streak.failureCount + 1 : 0;
  const successCount = judgement.isFailing ? 0 : streak.successCount + 1;
  const counts = { failureCount, successCount };
  const { status, error, isChanging } = believed(before.status, judgement, { counts, rules });
  const { activeWorkers, queueDepth } = result.answered ? result.answer : { activeWorkers: null, queueDepth: null };
  const since = status === before.status ? before.since : timestamp;
  const { latencyMs } = result;
  const health = { region: region.name, status, latencyMs, activeWorkers, queueDepth, since, error };
  // A region without workers may be starting up, which takes longer than a few quick probes.
  const isSoonDecided = isChanging && (!judgement.isFailing || judgement.status === 'unhealthy');
  return { region, health, ...counts, probedAt: timestamp, isChanging: isSoonDecided };
}

/** The health at a time; a stale history gives `unknown`. */
export function healthAt(history: RegionHistory, timestamp: number, rules: HealthRules): RegionHealth {
  if (!isStale(history, timestamp, rules) || history.probedAt === null) return history.health;
  return { ...unknownHealth(history.region, history.probedAt + rules.staleMs), error: 'no report for too long' };
}
