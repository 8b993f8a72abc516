import { describe, expect, it } from 'vitest';
import { renderPrometheus } from '../../src/cli/output/prometheus-view.ts';
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

const metrics = new Set(
  [
    ...renderPrometheus({ regions: [], failover: [], api: { reachable: true } } as never).matchAll(/^# HELP (\w+)/gm),
  ].map(([, name]) => name!),
);
const ofCloudWatch = [
  ...textOf('deploy/terraform/modules/region/alarms.tf').matchAll(/alarm_name\s*= "\$\{local\.name\}-(\w+)"/g),
].map(([, name]) => name!);

describe('the alerts', () => {
  it.each(rules)('$alert asks for metrics that the program has', ({ expr }) => {
    const asked = expr.match(/captcha_\w+/g) ?? [];
    expect(asked).not.toEqual([]);
    expect(asked.filter((name) => !metrics.has(name))).toEqual([]);
  });

  it.each(rules)('$alert waits before it cries, and says who must hear it', (rule) => {
    expect(rule.for).toMatch(/^\d+m$/);
    expect(['page', 'ticket']).toContain(rule.labels.severity);
    expect(rule.annotations.summary).not.toBe('');
  });

  it('have an entry each in the runbook, those of CloudWatch too, and there are no others', () => {
    const entries = [...guide.matchAll(/^### (Captcha\w+)$/gm)].map(([, name]) => name!);
    const alerts = new Set([...rules.map(({ alert }) => alert), ...ofCloudWatch]);
    expect(ofCloudWatch).toEqual(['CaptchaDeadLetters', 'CaptchaTasksWait']);
    expect(new Set(entries)).toEqual(alerts);
    expect(entries).toHaveLength(alerts.size);
  });
});
