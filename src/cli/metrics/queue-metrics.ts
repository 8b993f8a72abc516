import type { QueueDepth } from '../../ports/queues.ts';
import { inSeconds, metric, type MetricName } from './metric-table.ts';
import type { Metric } from './prometheus-text.ts';

/** The queue of a region. `depth`: null if it was not read. */
export interface QueueFacts {
  readonly region: string;
  readonly isReachable: boolean;
  readonly depth: QueueDepth | null;
}

/** What is in queues. */
export function queueMetrics(queues: readonly QueueFacts[]): readonly Metric[] {
  const gauge = (name: MetricName, read: (queue: QueueFacts) => number | null): Metric =>
    metric(
      name,
      queues.flatMap((queue) => {
        const value = read(queue);
        return value === null ? [] : [{ labels: { region: queue.region }, value }];
      }),
    );
  return [
    gauge('captcha_queue_reachable', ({ isReachable }) => Number(isReachable)),
    gauge('captcha_queue_waiting', ({ depth }) => depth?.waiting ?? null),
    gauge('captcha_queue_in_flight', ({ depth }) => depth?.inFlight ?? null),
    gauge('captcha_queue_oldest_age_seconds', ({ depth }) => inSeconds(depth?.oldestAgeMs ?? null)),
    gauge('captcha_queue_dead_letters', ({ depth }) => depth?.dead ?? null),
  ];
}
