import { type MetricName, single } from '../../cli/metrics/metric-table.ts';
import { type Metric, renderPrometheusText } from '../../cli/metrics/prometheus-text.ts';
import { queueMetrics } from '../../cli/metrics/queue-metrics.ts';
import type { WorkerSnapshot } from '../../core/fleet/worker.ts';

const readings: readonly (readonly [MetricName, (snapshot: WorkerSnapshot) => number])[] = [
  ['captcha_worker_draining', ({ isDraining }) => Number(isDraining)],
  ['captcha_worker_paused', ({ pausedMs }) => Number(pausedMs > 0)],
  ['captcha_worker_deliveries_total', ({ totals }) => totals.taken],
  ['captcha_worker_lost_total', ({ totals }) => totals.lost],
  ['captcha_worker_handed_back_total', ({ totals }) => totals.handedBack],
  ['captcha_worker_dead_lettered_total', ({ totals }) => totals.deadLettered],
];

/** What a worker does, in the text format of Prometheus. `ofRun`: what it has in common with a batch. */
export function renderWorkerMetrics(snapshot: WorkerSnapshot, region: string, ofRun: readonly Metric[]): string {
  const { queueError, depth } = snapshot;
  return renderPrometheusText([
    ...readings.map(([name, read]) => single(name, read(snapshot), { region })),
    ...queueMetrics([{ region, isReachable: queueError === null, depth }]),
    ...ofRun,
  ]);
}
