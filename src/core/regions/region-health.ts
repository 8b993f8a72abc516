import type { Region, RegionHealth, RegionStatus } from '../../domain/region.ts';
import type { ProbeResult, RegionAnswer } from '../../ports/api.ts';

/** What one look at a region says, taken by itself. */
interface ProbeJudgement {
  readonly status: Exclude<RegionStatus, 'unknown'>;
  /** Why it is not well, or what it says that cannot be, as one phrase; null where there is nothing to say. */
  readonly error: string | null;
  /** True where a region that goes on like this is unhealthy in the end. */
  readonly isFailing: boolean;
}

/** The words that workers use for themselves; any other says nothing. */
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

function judgeAnswer({ status, activeWorkers, queueDepth, invalidField }: RegionAnswer): ProbeJudgement {
  const word = Object.hasOwn(words, status ?? '') ? words[status ?? ''] : undefined;
  if (word === 'unhealthy') return { status: word, error: `reports status ${status ?? ''}`, isFailing: true };
  const isAsleep = activeWorkers === 0;
  if (isAsleep && queueDepth !== null && queueDepth > 0) {
    // It may be waking up: to call it unhealthy at once would take away the tasks that wake it.
    return { status: 'degraded', error: `no workers for ${queueDepth} waiting tasks`, isFailing: true };
  }
  if (word === 'degraded') return { status: word, error: `reports status ${status ?? ''}`, isFailing: false };
  return { status: isAsleep || word === 'idle' ? 'idle' : 'healthy', error: invalidField ?? null, isFailing: false };
}

/**
 * Judges one probe. Workers know best how they are, so their own word counts; a deep queue alone is no trouble, a queue
 * that nobody works on is.
 */
export function judgeProbe(result: ProbeResult): ProbeJudgement {
  return result.answered ? judgeAnswer(result.answer) : { status: 'unhealthy', error: result.error, isFailing: true };
}

/** The health of a region that has no endpoint, or was not looked at yet. `since` in ms since the epoch. */
export function unknownHealth({ name, health }: Region, since: number): RegionHealth {
  const error = health === null ? 'has no health endpoint' : null;
  return { region: name, status: 'unknown', latencyMs: null, activeWorkers: null, queueDepth: null, since, error };
}

/** How much it takes to change what is believed of a region. */
export interface HealthRules {
  /** Failed probes in a row that make a region unhealthy. */
  readonly fall: number;
  /** Good probes in a row that make it serve again. */
  readonly rise: number;
  /** What was heard longer ago than this says nothing any more, in ms. */
  readonly staleMs: number;
}

/** What the probes so far say of a region. */
export interface RegionHistory {
  readonly region: Region;
  readonly health: RegionHealth;
  /** Failed and good probes in a row; one of them is 0. */
  readonly failureCount: number;
  readonly successCount: number;
  /** Wall clock, in ms since the epoch; null before the first probe. */
  readonly probedAt: number | null;
  /** True where further probes soon are worth it: they will decide something. */
  readonly isChanging: boolean;
}

/** The history of a region that nothing is known of yet. */
export function startHistory(region: Region, timestamp: number): RegionHistory {
  const health = unknownHealth(region, timestamp);
  return { region, health, failureCount: 0, successCount: 0, probedAt: null, isChanging: false };
}

type Counts = Pick<RegionHistory, 'failureCount' | 'successCount'>;

/** What is believed of a region that one more probe failed on. */
function statusFalling(before: RegionStatus, { status }: ProbeJudgement, isDown: boolean): RegionStatus {
  if (isDown || before === 'unhealthy') return 'unhealthy';
  // Who never heard of it working has nothing to call worse than before.
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
 * The history after one more probe. `fall` failures in a row make a region unhealthy, `rise` successes make it serve
 * again; its first success counts at once. A failure that does not count yet is shown, not swallowed: the region is
 * `degraded`, or stays `unknown` where it was never heard of serving. Pure.
 */
export function recordProbe(
  history: RegionHistory,
  result: ProbeResult,
  { rules, timestamp }: { rules: HealthRules; timestamp: number },
): RegionHistory {
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
  const latencyMs = result.latencyMs ?? before.latencyMs;
  const health = { region: region.name, status, latencyMs, activeWorkers, queueDepth, since, error };
  // Who answers that nobody works there may be waking up, which takes longer than a few quick looks.
  const isSoonDecided = isChanging && (!judgement.isFailing || judgement.status === 'unhealthy');
  return { region, health, ...counts, probedAt: timestamp, isChanging: isSoonDecided };
}

/** What is known of a region at a moment: what was no report for too long is `unknown`. */
export function healthAt(history: RegionHistory, timestamp: number, rules: HealthRules): RegionHealth {
  if (!isStale(history, timestamp, rules) || history.probedAt === null) return history.health;
  return { ...unknownHealth(history.region, history.probedAt + rules.staleMs), error: 'no report for too long' };
}
