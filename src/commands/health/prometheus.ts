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
    help: '1 if the region is serving (healthy, degraded or idle), else 0; no sample if unknown.',
    samplesOf: ofRegions(({ status }) => (status === 'unknown' ? null : Number(isServing(status)))),
  },
  {
    name: 'captcha_region_status',
    help: 'Status of the region: 1 for the current status, 0 for the others.',
    samplesOf: ({ regions }) =>
      regions.flatMap(({ region, status }) =>
        statuses.map((each) => ({ labels: { region, status: each }, value: Number(each === status) })),
      ),
  },
  {
    name: 'captcha_region_idle',
    help: '1 if the region sleeps (no workers, nothing queued), else 0; no sample if unknown.',
    samplesOf: ofRegions(({ status }) => (status === 'unknown' ? null : Number(status === 'idle'))),
  },
  {
    name: 'captcha_region_latency_seconds',
    help: 'Round-trip time of the latest probe; no sample without an answer.',
    samplesOf: ofRegions(({ latencyMs }) => (latencyMs === null ? null : Math.round(latencyMs * 1_000) / 1e6)),
  },
  {
    name: 'captcha_region_queue_depth',
    help: 'Waiting tasks, as reported by the region.',
    samplesOf: ofRegions(({ queueDepth }) => queueDepth),
  },
  {
    name: 'captcha_region_active_workers',
    help: 'Active workers, as reported by the region.',
    samplesOf: ofRegions(({ activeWorkers }) => activeWorkers),
  },
  {
    name: 'captcha_failover_share',
    help: 'Share of the tasks of one region (from) that is redirected to another (to).',
    samplesOf: ({ failover }) =>
      failover.flatMap(({ from, to }) =>
        to.map(({ region, share }) => ({ labels: { from, to: region }, value: share })),
      ),
  },
  {
    name: 'captcha_failover_held',
    help: '1 if the tasks of an unhealthy region are held because no target region is eligible.',
    samplesOf: ({ failover }) => failover.map(({ from, held }) => ({ labels: { region: from }, value: Number(held) })),
  },
  {
    name: 'captcha_api_reachable',
    help: '1 if the CaptchaAI API is reachable from this machine.',
    samplesOf: ({ api }) => [{ labels: {}, value: Number(api.reachable) }],
  },
];

/** The health report in the Prometheus text format, for a node exporter's textfile folder or a push gateway. */
export function renderPrometheus(frame: HealthFrame): string {
  return renderPrometheusText(
    metrics.map(({ name, help, samplesOf }) => ({ name, help, type: 'gauge', samples: samplesOf(frame) })),
  );
}
