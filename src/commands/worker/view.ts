import { formatMoment, quantity } from '../../cli/format.ts';
import { renderTimes } from '../../cli/report-view.ts';
import { type Metric, prometheusContentType } from '../../cli/metrics/prometheus-text.ts';
import type { WorkerTotals } from '../../core/fleet/worker-metrics.ts';
import type { WorkerEnd, WorkerSnapshot } from '../../core/fleet/worker.ts';
import type { QueueDepth } from '../../ports/queues.ts';
import { renderWorkerMetrics } from './metrics.ts';

/** Who answers, and when. */
export interface WorkerAbout {
  readonly region: string;
  readonly worker: string;
  readonly version: string;
  /** Epoch ms. */
  readonly startedAt: number;
  readonly now: number;
  /** What is measured of its work. */
  readonly metrics: () => readonly Metric[];
}

export interface EndpointAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

const text = (status: number, body: string): EndpointAnswer => ({
  status,
  contentType: 'text/plain; charset=utf-8',
  body: `${body}\n`,
});

/** One word for a worker; that the service is down is not its fault, so that no region is left for that. */
function statusOf({
  isDraining,
  queueError,
  depth,
  busy,
}: WorkerSnapshot): 'draining' | 'unhealthy' | 'idle' | 'healthy' {
  if (isDraining) return 'draining';
  if (queueError !== null) return 'unhealthy';
  return busy === 0 && (depth?.waiting ?? 0) === 0 ? 'idle' : 'healthy';
}

/** What `/health` says: what `captcha health` and the failover plan read. */
function workerHealth(snapshot: WorkerSnapshot, about: WorkerAbout): object {
  const { depth, concurrency, busy, queueError, pausedMs, totals } = snapshot;
  const { region, worker, version, startedAt, now } = about;
  return {
    schemaVersion: 1,
    status: statusOf(snapshot),
    region,
    // What the plan compares is how many tasks can be in work at once. All regions together have the threads of the account.
    activeWorkers: concurrency,
    queueDepth: depth?.waiting ?? null,
    busy,
    inFlight: depth?.inFlight ?? null,
    oldestAgeMs: depth?.oldestAgeMs ?? null,
    deadLetters: depth?.dead ?? null,
    pausedMs: Math.round(pausedMs),
    error: queueError,
    solved: totals.solved,
    failed: totals.failed,
    worker,
    version,
    startedAt: formatMoment(startedAt),
    ts: formatMoment(now),
  };
}

function ready({ isDraining, queueError, depth }: WorkerSnapshot): EndpointAnswer {
  if (isDraining) return text(503, 'draining');
  if (queueError !== null) return text(503, `the queue is unreachable: ${queueError}`);
  return depth === null ? text(503, 'starting') : text(200, 'ready');
}

/** What a worker answers on its health port; null for a path that is none. */
export function answerWorker(path: string, snapshot: WorkerSnapshot, about: WorkerAbout): EndpointAnswer | null {
  switch (path) {
    case '/livez':
      // Liveness means only that the process answers: an unreachable queue must not cause a restart.
      return text(200, 'alive');
    case '/readyz':
      return ready(snapshot);
    case '/health':
      return {
        status: 200,
        contentType: 'application/json; charset=utf-8',
        body: `${JSON.stringify(workerHealth(snapshot, about))}\n`,
      };
    case '/metrics': {
      const body = renderWorkerMetrics(snapshot, about.region, about.metrics());
      return { status: 200, contentType: prometheusContentType, body };
    }
    default:
      return null;
  }
}

/** What is left in a queue. */
function leftText({ waiting, inFlight }: QueueDepth): string {
  if (waiting + inFlight === 0) return 'the queue is empty';
  return `${quantity(waiting + inFlight, 'task')} left in the queue: ${waiting} waiting, ${inFlight} in work elsewhere`;
}

const reasons: Record<WorkerEnd['reason'], string> = {
  interrupted: 'stopped',
  idle: 'exited: idle',
  account: 'stopped: account error that needs manual action',
  config: 'stopped: configuration error',
  local: 'stopped: a limit of this machine was reached',
};

function counts(totals: WorkerTotals): string {
  const { solved, failed, known, lost, deadLettered, possiblyCharged } = totals;
  const rare = [
    [known, 'already had a result'],
    [lost, 'taken over by other workers'],
    [deadLettered, 'turned into dead letters'],
    [possiblyCharged, 'possibly charged twice or without a result'],
  ] as const;
  const others = rare.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return [`${solved} solved`, `${failed} failed`, ...others].join(', ');
}

/** A summary of what a worker did. `left`: what is in its queue; null if unknown. */
export function renderWorkerEnd(
  { reason, message, isDrained, handedBack }: WorkerEnd,
  totals: WorkerTotals,
  left: QueueDepth | null,
): string {
  const times = renderTimes(totals);
  const lines = [
    `${reasons[reason]}${message === null ? '' : ` (${message})`}`,
    counts(totals),
    `${quantity(totals.attempts, 'submission')}, ${quantity(totals.requests, 'request')}`,
    ...(times === null ? [] : [times]),
    ...(left === null ? [] : [leftText(left)]),
    ...(isDrained ? [] : ['the drain timeout expired']),
    ...handedBack.map(
      ({ id, captchaId }) => `returned to the queue: ${id}${captchaId === null ? '' : ` (${captchaId} is paid for)`}`,
    ),
  ];
  return lines.join('\n');
}
