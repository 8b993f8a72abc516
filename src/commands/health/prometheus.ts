import { renderPrometheusText, type Sample } from '../../cli/prometheus-text.ts';
import type { HealthFrame } from '../../cli/regions/health-report.ts';
import { isServing, type RegionStatus } from '../../domain/region.ts';

interface HealthMetric {
  readonly name: string;
  readonly help: string;
  readonly samplesOf: (frame: HealthFrame) => readonly Sample[];
}

const statuses: readonly RegionStatus[] = ['healthy', 'degraded', 'idle', 'unhealthy', 'unknown'];

/** What a region does not say has no sample: 0 would be an answer. */
const ofRegions =
  (read: (region: HealthFrame['regions'][number]) => number | null): HealthMetric['samplesOf'] =>
  ({ regions }) =>
    regions.flatMap((health) => {
      const value = read(health);
      return value === null ? [] : [{ labels: { region: health.region }, value }];
    });

const metrics: readonly HealthMetric[] = [
  {
    name: 'captcha_region_up',
    help: 'Whether the region serves (healthy, degraded or idle); no sample where that is unknown.',
    samplesOf: ofRegions(({ status }) => (status === 'unknown' ? null : Number(isServing(status)))),
  },
  {
    name: 'captcha_region_status',
    help: 'The status of the region: 1 for the one that it has, 0 for the others.',
    samplesOf: ({ regions }) =>
      regions.flatMap(({ region, status }) =>
        statuses.map((each) => ({ labels: { region, status: each }, value: Number(each === status) })),
      ),
  },
  {
    name: 'captcha_region_latency_seconds',
    help: 'Round trip of the last probe that was answered.',
    samplesOf: ofRegions(({ latencyMs }) => (latencyMs === null ? null : Math.round(latencyMs * 1_000) / 1e6)),
  },
  {
    name: 'captcha_region_queue_depth',
    help: 'Tasks that wait in the region, as it says.',
    samplesOf: ofRegions(({ queueDepth }) => queueDepth),
  },
  {
    name: 'captcha_region_active_workers',
    help: 'Workers of the region, as it says.',
    samplesOf: ofRegions(({ activeWorkers }) => activeWorkers),
  },
  {
    name: 'captcha_failover_share',
    help: 'The share of the tasks of a region (from) that goes to another one (to).',
    samplesOf: ({ failover }) =>
      failover.flatMap(({ from, to }) =>
        to.map(({ region, share }) => ({ labels: { from, to: region }, value: share })),
      ),
  },
  {
    name: 'captcha_failover_held',
    help: 'Whether the tasks of a region that does not serve are held, since nobody may take them.',
    samplesOf: ({ failover }) => failover.map(({ from, held }) => ({ labels: { region: from }, value: Number(held) })),
  },
  {
    name: 'captcha_api_reachable',
    help: 'Whether the solving service can be reached from here.',
    samplesOf: ({ api }) => [{ labels: {}, value: Number(api.reachable) }],
  },
];

/** What was found out in the text format of Prometheus, for a node exporter's textfile folder or a push gateway. */
export function renderPrometheus(frame: HealthFrame): string {
  return renderPrometheusText(
    metrics.map(({ name, help, samplesOf }) => ({ name, help, type: 'gauge', samples: samplesOf(frame) })),
  );
}
