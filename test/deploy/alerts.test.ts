import { describe, expect, it } from 'vitest';
import { metricTable } from '../../src/cli/metrics/metric-table.ts';
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

/** Every metric that the program can print. */
const metrics = new Set<string>(Object.keys(metricTable));
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

  it.each(['docs/operations.md', 'docs/queues.md', 'docs/health.md', 'docs/worker.md', 'docs/budget.md'])(
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
