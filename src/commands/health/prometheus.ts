import { metric, type MetricName } from '../../cli/metrics/metric-table.ts';
import { renderPrometheusText, type Sample } from '../../cli/metrics/prometheus-text.ts';
import { type QueueFacts, queueMetrics } from '../../cli/metrics/queue-metrics.ts';
import type { HealthFrame } from '../../cli/regions/health-report.ts';
import { isServing, type RegionStatus } from '../../domain/region.ts';

type Readings = Partial<Record<MetricName, (frame: HealthFrame) => readonly Sample[]>>;

const statuses: readonly RegionStatus[] = ['healthy', 'degraded', 'idle', 'unhealthy', 'unknown'];

/** What a region does not say has no sample: 0 would be an answer. */
const ofRegions =
  (read: (region: HealthFrame['regions'][number]) => number | null) =>
  ({ regions }: HealthFrame): readonly Sample[] =>
    regions.flatMap((health) => {
      const value = read(health);
      return value === null ? [] : [{ labels: { region: health.region }, value }];
    });

const readings: Readings = {
  captcha_region_up: ofRegions(({ status }) => (status === 'unknown' ? null : Number(isServing(status)))),
  captcha_region_status: ({ regions }) =>
    regions.flatMap(({ region, status }) =>
      statuses.map((each) => ({ labels: { region, status: each }, value: Number(each === status) })),
    ),
  captcha_region_idle: ofRegions(({ status }) => (status === 'unknown' ? null : Number(status === 'idle'))),
  captcha_region_latency_seconds: ofRegions(({ latencyMs }) =>
    latencyMs === null ? null : Math.round(latencyMs * 1_000) / 1e6,
  ),
  captcha_region_queue_depth: ofRegions(({ queueDepth }) => queueDepth),
  captcha_region_active_workers: ofRegions(({ activeWorkers }) => activeWorkers),
  captcha_failover_share: ({ failover }) =>
    failover.flatMap(({ from, to }) => to.map(({ region, share }) => ({ labels: { from, to: region }, value: share }))),
  captcha_failover_held: ({ failover }) =>
    failover.map(({ from, held }) => ({ labels: { region: from }, value: Number(held) })),
  captcha_api_reachable: ({ api }) => [{ labels: {}, value: Number(api.reachable) }],
};

/** The health report and the queues in the text format of Prometheus, for a node exporter's textfile folder. */
export function renderPrometheus(frame: HealthFrame, queues: readonly QueueFacts[]): string {
  const ofHealth = Object.entries(readings).map(([name, read]) => metric(name as MetricName, read(frame)));
  return renderPrometheusText([...ofHealth, ...queueMetrics(queues)]);
}
