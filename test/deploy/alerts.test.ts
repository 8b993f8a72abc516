import { describe, expect, it } from 'vitest';
import { renderPrometheus } from '../../src/commands/health/prometheus.ts';
import { renderWorkerMetrics } from '../../src/commands/worker/metrics.ts';
import { WorkerStats } from '../../src/core/fleet/worker-metrics.ts';
import { textOf } from './support/places.ts';
import { yamlFile } from './support/yaml-file.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string };
}

const { groups } = yamlFile('deploy/alerts.yaml') as {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);
const guide = textOf('docs/operations.md');

const exposed = [
  renderPrometheus({ regions: [], failover: [], api: { reachable: true } } as never),
  renderWorkerMetrics(
    {
      ...{
        isDraining: false,
        queueError: null,
        concurrency: 1,
        busy: 0,
        pausedMs: 0,
        totals: new WorkerStats().totals(),
      },
      depth: { waiting: 0, inFlight: 0, oldestAgeMs: 0, dead: 0 },
    },
    'us-east-1',
  ),
].join('');
/** The metrics that `captcha health --prometheus` and a worker's /metrics really have. */
const metrics = new Set([...exposed.matchAll(/^# HELP (\w+)/gm)].map(([, name]) => name!));
const ofCloudWatch = [
  ...textOf('deploy/terraform/modules/region/alarms.tf').matchAll(/alarm_name\s*= "\$\{local\.name\}-(\w+)"/g),
].map(([, name]) => name!);

describe('the alerts', () => {
  it.each(rules)('$alert uses existing metrics', ({ expr }) => {
    const asked = expr.match(/captcha_\w+/g) ?? [];
    expect(asked).not.toEqual([]);
    expect(asked.filter((name) => !metrics.has(name))).toEqual([]);
  });

  it.each(rules)('$alert has a delay and a severity', (rule) => {
    expect(rule.for).toMatch(/^\d+m$/);
    expect(['page', 'ticket']).toContain(rule.labels.severity);
    expect(rule.annotations.summary).not.toBe('');
  });

  it.each(['docs/operations.md', 'docs/queues.md', 'docs/health.md', 'docs/worker.md'])(
    'and %s name only existing metrics',
    (path) => {
      const named = [...textOf(path).matchAll(/\bcaptcha_\w+/g)].map(([name]) => name);
      expect(named.filter((name) => !metrics.has(name))).toEqual([]);
    },
  );

  it('are tested with every metric that they use', () => {
    const asked = new Set(rules.flatMap(({ expr }) => expr.match(/captcha_\w+/g) ?? []));
    expect([...asked].filter((name) => !guide.includes(name))).toEqual([]);
  });

  it('each have an entry in the runbook, including those of CloudWatch, and there are no others', () => {
    const entries = [...guide.matchAll(/^### (Captcha\w+)$/gm)].map(([, name]) => name!);
    const alerts = new Set([...rules.map(({ alert }) => alert), ...ofCloudWatch]);
    expect(ofCloudWatch).toEqual(['CaptchaDeadLetters', 'CaptchaTasksWait']);
    expect(new Set(entries)).toEqual(alerts);
    expect(entries).toHaveLength(alerts.size);
  });
});
