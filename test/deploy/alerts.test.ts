import { describe, expect, it } from 'vitest';
import { metricTable } from '../../src/cli/metrics/metric-table.ts';
import { evaluate, promDurationMs, Scrapes } from '../support/promql.ts';
import { alertRules as rules } from './support/alert-rules.ts';
import { textOf } from './support/places.ts';

const guide = textOf('docs/operations.md');

/** Every metric that the program can print. */
const metrics = new Set<string>(Object.keys(metricTable));
const ofCloudWatch = [
  ...textOf('deploy/terraform/modules/region/alarms.tf').matchAll(/alarm_name\s*= "\$\{local\.name\}-(\w+)"/g),
].map(([, name]) => name!);

/** Metrics for which each alert fires, and others for which it does not. A second value is that of 20 minutes later. */
const cases: Readonly<Record<string, readonly [fires: string, silent: string]>> = {
  CaptchaNoRegionServes: [
    'captcha_region_up{region="eu"} 0',
    'captcha_region_up{region="eu"} 0\ncaptcha_region_up{region="us"} 1',
  ],
  CaptchaRegionDown: ['captcha_region_up{region="eu"} 0', 'captcha_region_up{region="eu"} 1'],
  CaptchaTasksHeld: ['captcha_failover_held{region="eu"} 1', 'captcha_failover_held{region="eu"} 0'],
  CaptchaApiUnreachable: ['captcha_api_reachable 0', 'captcha_api_reachable 1'],
  CaptchaNobodyWorks: [
    'captcha_queue_waiting{region="eu"} 3\ncaptcha_queue_in_flight{region="eu"} 0',
    'captcha_queue_waiting{region="eu"} 3\ncaptcha_queue_in_flight{region="us"} 0\ncaptcha_queue_in_flight{region="eu"} 1',
  ],
  CaptchaTasksWait: ['captcha_queue_waiting{region="eu"} 3 9', 'captcha_queue_waiting{region="eu"} 9 3'],
  CaptchaRegionDegraded: ['captcha_region_status{status="degraded"} 1', 'captcha_region_status{status="healthy"} 1'],
  CaptchaRegionSlow: ['captcha_region_latency_seconds 1.2', 'captcha_region_latency_seconds 0.2'],
  CaptchaHealthUnseen: ['captcha_region_latency_seconds 1', 'captcha_region_up 0'],
  CaptchaDeadLetters: ['captcha_queue_dead_letters{region="eu"} 1', 'captcha_queue_dead_letters{region="eu"} 0'],
  CaptchaQueueAway: ['captcha_queue_reachable{region="eu"} 0', 'captcha_queue_reachable{region="eu"} 1'],
  CaptchaOldTasks: ['captcha_queue_oldest_age_seconds 901', 'captcha_queue_oldest_age_seconds 899'],
  CaptchaWorkersPaused: ['captcha_worker_paused{region="eu"} 1', 'captcha_worker_paused{region="eu"} 0'],
  CaptchaTasksFail: [
    'captcha_tasks_total{result="solved"} 0 70\ncaptcha_tasks_total{result="rejected"} 0 30',
    'captcha_tasks_total{result="solved"} 0 90\ncaptcha_tasks_total{result="rejected"} 0 10',
  ],
  CaptchaPaidTwice: ['captcha_possibly_charged_total 1 2', 'captcha_possibly_charged_total 2 2'],
  CaptchaBreakerOpen: ['captcha_breaker_state{state="open"} 1', 'captcha_breaker_state{state="closed"} 1'],
  CaptchaRetriesRefused: [
    'captcha_budget_refused_total{reason="budget"} 0 5',
    'captcha_budget_refused_total{reason="breaker"} 0 5',
  ],
  CaptchaHeld: ['captcha_hold_active{scope="redis"} 1', 'captcha_hold_active{scope="redis"} 0'],
  CaptchaLimitReached: [
    'captcha_limit_left_submissions{window="day"} 0',
    'captcha_limit_left_submissions{window="day"} 1',
  ],
};

/** Whether an alert's expression holds after these metrics, the second value from 20 minutes on. */
function holds(expr: string, lines: string): boolean {
  const scrapes = new Scrapes();
  const minutes = Array.from({ length: 30 }, (_, minute) => minute * promDurationMs('1m'));
  for (const atMs of minutes) {
    const texts = lines.split('\n').map((line) => {
      const [name, first, second = first] = line.split(' ');
      return `${name!} ${atMs < promDurationMs('20m') ? first! : second!}`;
    });
    scrapes.add('a:8080', texts.join('\n'), atMs);
  }
  return evaluate(expr, scrapes, minutes.at(-1)!).length > 0;
}

describe('the alerts', () => {
  it.each(rules)('$alert fires for what it is about, and for nothing else', ({ alert, expr }) => {
    const [fires, silent] = cases[alert]!;
    expect([holds(expr, fires), holds(expr, silent)]).toEqual([true, false]);
  });

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

  it.each([
    'docs/operations.md',
    'docs/drill.md',
    'docs/queues.md',
    'docs/health.md',
    'docs/worker.md',
    'docs/budget.md',
  ])('and %s name only existing metrics', (path) => {
    const named = [...textOf(path).matchAll(/\bcaptcha_\w+/g)].map(([name]) => name);
    expect(named.filter((name) => !metrics.has(name))).toEqual([]);
  });

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
