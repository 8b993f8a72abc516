import { describe, expect, it } from 'vitest';
import { metricTable } from '../../src/cli/metrics/metric-table.ts';
import { compose, workers } from './support/compose-file.ts';
import { textOf } from './support/places.ts';
import { yamlFile } from './support/yaml-file.ts';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig?: { readonly defaults: { readonly unit: string } };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const dashboard = JSON.parse(textOf('deploy/grafana.json')) as { readonly panels: readonly Panel[] };
const panels = dashboard.panels.filter(({ type }) => type !== 'row');
const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

/** The metrics of an expression, by their names in the table. */
const metricsIn = (expr: string): readonly string[] =>
  (expr.match(/captcha_\w+/g) ?? []).map((name) => name.replace(/_bucket$/, ''));

const typeOf = (name: string): string | undefined =>
  (metricTable as Readonly<Record<string, { type: string }>>)[name]?.type;

describe('the dashboard', () => {
  it('shows every metric, and no others', () => {
    expect(new Set(expressions.flatMap(metricsIn))).toEqual(new Set(Object.keys(metricTable)));
  });

  it.each(expressions)('%s uses its metrics by their types', (expr) => {
    for (const name of metricsIn(expr)) {
      const isCounted = new RegExp(String.raw`(rate|increase)\(${name}[^a-z_]`).test(expr);
      const isBuckets = expr.includes(`rate(${name}_bucket`) && expr.startsWith('histogram_quantile(');
      expect({ gauge: !isCounted, counter: isCounted, histogram: isBuckets }[typeOf(name) ?? ''], name).toBe(true);
    }
  });

  it.each(panels)('$title has a unit, a legend and a place of its own', (panel) => {
    expect(panel.fieldConfig?.defaults.unit).toMatch(/^(s|ops|short)$/);
    const isSeconds = (panel.targets ?? []).some(({ expr }) => /_seconds/.test(expr));
    expect(panel.fieldConfig?.defaults.unit === 's').toBe(isSeconds);
    expect((panel.targets ?? []).every(({ legendFormat }) => legendFormat !== '')).toBe(true);
    const same = dashboard.panels.filter(({ gridPos: { x, y } }) => x === panel.gridPos.x && y === panel.gridPos.y);
    expect(same).toEqual([panel]);
    expect(dashboard.panels.filter(({ id }) => id === panel.id)).toHaveLength(1);
  });
});

describe('Prometheus in compose', () => {
  const { scrape_configs: jobs, rule_files: rules } = yamlFile('deploy/prometheus.yaml') as {
    readonly rule_files: readonly string[];
    readonly scrape_configs: readonly { readonly static_configs: readonly { readonly targets: readonly string[] }[] }[];
  };
  const targets = jobs.flatMap((job) => job.static_configs.flatMap((each) => each.targets));

  it('scrapes the port of every worker, and what is known without them', () => {
    const ports = workers.map(([name, { expose = [] }]) => `${name}:${expose[0] ?? ''}`);
    expect(targets).toEqual([...ports, 'node-exporter:9100']);
  });

  it.each(['prometheus', 'grafana', 'textfile', 'node-exporter'])('starts %s only on request', (name) => {
    expect(compose.services[name]!.profiles).toEqual(['monitoring']);
  });

  it('reads the alerts, and Grafana the dashboard', () => {
    const mounted = (name: string) =>
      new Map(compose.services[name]!.configs!.map((each) => [each.source, each.target]));
    expect(rules).toEqual([mounted('prometheus').get('alerts')]);
    expect(compose.configs['alerts']).toEqual({ file: './alerts.yaml' });
    expect(compose.configs['grafana_dashboard']).toEqual({ file: './grafana.json' });
    expect(mounted('grafana').has('grafana_dashboard')).toBe(true);
  });
});
