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
  { name: 'worker_busy', type: 'gauge', help: 'Running tasks.', value: ({ busy }) => busy },
  {
    name: 'worker_concurrency',
    type: 'gauge',
    help: 'Concurrency limit.',
    value: ({ concurrency }) => concurrency,
  },
  {
    name: 'worker_draining',
    type: 'gauge',
    help: '1 if the worker is draining.',
    value: ({ isDraining }) => Number(isDraining),
  },
  {
    name: 'worker_paused',
    type: 'gauge',
    help: '1 if the breaker or the retry budget stops the worker from taking tasks.',
    value: ({ pausedMs }) => Number(pausedMs > 0),
  },
  {
    name: 'queue_reachable',
    type: 'gauge',
    help: '1 if the queues are reachable.',
    value: ({ queueError }) => Number(queueError === null),
  },
  {
    name: 'queue_waiting',
    type: 'gauge',
    help: 'Waiting tasks in the queue.',
    value: ({ depth }) => depth?.waiting ?? null,
  },
  {
    name: 'queue_in_flight',
    type: 'gauge',
    help: 'Tasks of the queue that are leased by workers.',
    value: ({ depth }) => depth?.inFlight ?? null,
  },
  {
    name: 'queue_oldest_age_seconds',
    type: 'gauge',
    help: 'Time at which the oldest waiting task was queued.',
    value: ({ depth }) => seconds(depth?.oldestAgeMs ?? null),
  },
  {
    name: 'queue_dead_letters',
    type: 'gauge',
    help: 'Dead letters in the queue.',
    value: ({ depth }) => depth?.dead ?? null,
  },
  {
    name: 'worker_deliveries_total',
    type: 'counter',
    help: 'Tasks taken from the queue.',
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
    help: 'Finished tasks that may have been charged twice or without a result.',
    value: ({ totals }) => totals.possiblyCharged,
  },
  {
    name: 'worker_lost_total',
    type: 'counter',
    help: 'Tasks taken over by other workers.',
    value: ({ totals }) => totals.lost,
  },
  {
    name: 'worker_handed_back_total',
    type: 'counter',
    help: 'Unfinished tasks returned to the queue.',
    value: ({ totals }) => totals.handedBack,
  },
  {
    name: 'worker_dead_lettered_total',
    type: 'counter',
    help: 'Tasks that this worker turned into dead letters.',
    value: ({ totals }) => totals.deadLettered,
  },
];

function tasksOf({ totals }: WorkerSnapshot, region: string): Metric {
  const { solved, byReason } = totals;
  const samples: readonly Sample[] = [
    { labels: { region, result: 'solved' }, value: solved },
    ...Object.entries(byReason).map(([result, value]) => ({ labels: { region, result }, value })),
  ];
  const help = 'Finished tasks, by outcome (solved or the failure reason).';
  return { name: 'captcha_worker_tasks_total', type: 'counter', help, samples };
}

function solveTimesOf({ totals: { solveMs } }: WorkerSnapshot, region: string): Metric {
  const quantiles = [['0.5', seconds(solveMs.p50)] as const, ['0.95', seconds(solveMs.p95)] as const];
  const samples = quantiles.flatMap(([quantile, value]) =>
    value === null ? [] : [{ labels: { region, quantile }, value }],
  );
  const help = 'Time from the first submission of a task to its solution.';
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
