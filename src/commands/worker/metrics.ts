import { type Metric, renderPrometheusText, type Sample } from '../../cli/prometheus-text.ts';
import type { WorkerSnapshot } from '../../core/fleet/worker.ts';

interface Row {
  readonly name: string;
  readonly type: Metric['type'];
  readonly help: string;
  /** Null has no sample: 0 would be an answer. */
  readonly value: (snapshot: WorkerSnapshot) => number | null;
}

const seconds = (ms: number | null): number | null => (ms === null ? null : Math.round(ms) / 1_000);

const rows: readonly Row[] = [
  { name: 'worker_busy', type: 'gauge', help: 'Tasks in work.', value: ({ busy }) => busy },
  {
    name: 'worker_concurrency',
    type: 'gauge',
    help: 'Tasks that may be in work at once.',
    value: ({ concurrency }) => concurrency,
  },
  {
    name: 'worker_draining',
    type: 'gauge',
    help: 'Whether the worker is about to end.',
    value: ({ isDraining }) => Number(isDraining),
  },
  {
    name: 'worker_paused',
    type: 'gauge',
    help: 'Whether the breaker or the retry budget keeps it from taking tasks.',
    value: ({ pausedMs }) => Number(pausedMs > 0),
  },
  {
    name: 'queue_reachable',
    type: 'gauge',
    help: 'Whether the queues can be reached.',
    value: ({ queueError }) => Number(queueError === null),
  },
  {
    name: 'queue_waiting',
    type: 'gauge',
    help: 'Tasks that wait in the queue.',
    value: ({ depth }) => depth?.waiting ?? null,
  },
  {
    name: 'queue_in_flight',
    type: 'gauge',
    help: 'Tasks of the queue that workers hold.',
    value: ({ depth }) => depth?.inFlight ?? null,
  },
  {
    name: 'queue_oldest_age_seconds',
    type: 'gauge',
    help: 'Since when the oldest waiting task has been queued.',
    value: ({ depth }) => seconds(depth?.oldestAgeMs ?? null),
  },
  {
    name: 'queue_dead_letters',
    type: 'gauge',
    help: 'Tasks that were set aside.',
    value: ({ depth }) => depth?.dead ?? null,
  },
  {
    name: 'worker_deliveries_total',
    type: 'counter',
    help: 'Tasks that were taken from the queue.',
    value: ({ totals }) => totals.taken,
  },
  {
    name: 'worker_attempts_total',
    type: 'counter',
    help: 'Submissions of finished tasks.',
    value: ({ totals }) => totals.attempts,
  },
  {
    name: 'worker_requests_total',
    type: 'counter',
    help: 'Requests to the service for finished tasks.',
    value: ({ totals }) => totals.requests,
  },
  {
    name: 'worker_possibly_charged_total',
    type: 'counter',
    help: 'Finished tasks that may have been paid for more than once, or for nothing.',
    value: ({ totals }) => totals.possiblyCharged,
  },
  {
    name: 'worker_lost_total',
    type: 'counter',
    help: 'Tasks that others took over.',
    value: ({ totals }) => totals.lost,
  },
  {
    name: 'worker_handed_back_total',
    type: 'counter',
    help: 'Tasks that went back to the queue unfinished.',
    value: ({ totals }) => totals.handedBack,
  },
  {
    name: 'worker_dead_lettered_total',
    type: 'counter',
    help: 'Tasks that were set aside here.',
    value: ({ totals }) => totals.deadLettered,
  },
];

function tasksOf({ totals }: WorkerSnapshot, region: string): Metric {
  const { solved, byReason } = totals;
  const samples: readonly Sample[] = [
    { labels: { region, result: 'solved' }, value: solved },
    ...Object.entries(byReason).map(([result, value]) => ({ labels: { region, result }, value })),
  ];
  const help = 'Finished tasks, by solved or the reason why not.';
  return { name: 'captcha_worker_tasks_total', type: 'counter', help, samples };
}

function solveTimesOf({ totals: { solveMs } }: WorkerSnapshot, region: string): Metric {
  const quantiles = [['0.5', seconds(solveMs.p50)] as const, ['0.95', seconds(solveMs.p95)] as const];
  const samples = quantiles.flatMap(([quantile, value]) =>
    value === null ? [] : [{ labels: { region, quantile }, value }],
  );
  const help = 'From the first submission of a task to its solution.';
  return { name: 'captcha_worker_solve_seconds', type: 'summary', help, samples };
}

/** What a worker does, in the text format of Prometheus. */
export function renderWorkerMetrics(snapshot: WorkerSnapshot, region: string): string {
  const simple = rows.map(({ name, type, help, value }): Metric => {
    const now = value(snapshot);
    return { name: `captcha_${name}`, type, help, samples: now === null ? [] : [{ labels: { region }, value: now }] };
  });
  return renderPrometheusText([...simple, tasksOf(snapshot, region), solveTimesOf(snapshot, region)]);
}
