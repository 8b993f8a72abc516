import { describe, expect, it } from 'vitest';
import { metric, type MetricName, metricTable, single } from '../../../src/cli/metrics/metric-table.ts';
import { renderPrometheusText } from '../../../src/cli/metrics/prometheus-text.ts';
import { measureRun } from '../../../src/cli/metrics/run-metrics.ts';
import { budgetFactsOf } from '../../../src/core/resilience/budget-facts.ts';
import { ResilienceState } from '../../../src/core/resilience/resilience-state.ts';
import type { RulesEntry } from '../../../src/core/resilience/submission-rules.ts';
import { SolveCounts } from '../../../src/core/solve/solve-counts.ts';
import { describeFault, ProviderFault } from '../../../src/domain/fault.ts';
import type { Solved } from '../../../src/domain/outcome.ts';
import { expositionProblems } from '../../support/exposition-problems.ts';
import { usualBreaker, usualBudget } from '../../support/solver-harness.ts';
import { aStage } from '../support/a-stage.ts';

const task = { taskId: 't1', attempt: 1 };
const full = describeFault({ kind: 'throttled', message: 'No free thread.', threadsFull: true });

/** Solved after 12 s, fetched up to 3 s after the service had it. */
const solved: Solved = {
  ...{ status: 'solved', taskId: 't1', region: 'eu', solution: { text: 'x', fields: {} }, captchaId: '1' },
  ...{ durationMs: 12_000, possiblyCharged: false, submittedAt: 1_000, solvedAt: 10_000, expiresAt: null },
  attempts: [
    {
      ...{ attempt: 1, region: 'eu', captchaId: '1', startedAt: 1_000, submittedAt: 1_100, durationMs: 12_000 },
      ...{ submitMs: 100, pollMs: [50, 50], pollFaultCount: 0, fault: null, possiblyCharged: false },
    },
  ],
};

function someCounts(): SolveCounts {
  const counts = new SolveCounts();
  counts.recordEvent({ type: 'submitting', ...task, region: 'eu' });
  counts.recordEvent({ type: 'threads-full', ...task, fault: full });
  counts.recordEvent({ type: 'attempt-failed', ...task, fault: full, liveId: null });
  counts.recordEvent({ type: 'retrying', ...task, maxAttempts: 3, waitMs: 1, budgetBalance: 1 });
  counts.recordEvent({ type: 'budget-refused', ...task, retryInMs: null });
  counts.recordEvent({ type: 'breaker-refused', ...task, retryInMs: 1, isWaiting: true, fault: null });
  const held = { reason: 'held', why: 'held by ada', retryInMs: null, isWaiting: true } as const;
  counts.recordEvent({ type: 'submission-refused', ...task, ...held, isRepeated: false });
  counts.recordEvent({ type: 'submission-refused', ...task, ...held, isRepeated: true });
  counts.recordResult({ outcome: solved, possiblyCharged: true });
  return counts;
}

function someFacts() {
  const state = new ResilienceState({ budget: usualBudget, breaker: { ...usualBreaker, consecutiveFailures: 1 } }, 0);
  state.apply({ entry: { type: 'withdraw', maxWaitMs: 0, task: 't1' }, atMs: 1_000, by: '1' });
  const pass = { epoch: 0, probe: false };
  state.apply({ entry: { type: 'verdict', pass, verdict: 'failure', jitter: 0, count: 1 }, atMs: 1_000, by: '1' });
  state.apply({ entry: { type: 'quiet', ms: 7_500 }, atMs: 1_000, by: '1' });
  const limits = [
    { label: null, count: 200, windowMs: 3_600_000 },
    { label: 'nightly', count: 1, windowMs: 86_400_000 },
  ];
  const rules: readonly RulesEntry[] = [
    { type: 'limits', since: 2, limits },
    { type: 'submit', since: 2, label: 'nightly', task: 't1' },
    { type: 'hold', since: 2, by: 'ada', why: '', forMs: 60_000 },
  ];
  for (const entry of rules) state.apply({ entry, atMs: 1_000, by: '1' });
  return budgetFactsOf(state, { nowMs: 2_000, scope: 'host', rules: state.rules.known(2_000) });
}

async function textOfRun(api: Parameters<typeof aStage>[0] = {}): Promise<string> {
  const { context, session } = aStage({
    api: { threads: async () => ({ threads: 10, workingThreads: 4 }), balance: async () => 1.5 },
    ...api,
  });
  const requestCounts = () => ({
    submit: { answered: 2, 'threads-full': 1 },
    solve: {},
    poll: { answered: 5, timeout: 1 },
    account: {},
  });
  const run = { ...session, requestCounts, budgetFacts: someFacts };
  const load = () => ({ inWork: 3, limit: 8 });
  const read = measureRun({ command: 'batch', session: run, counts: someCounts(), load }, context);
  read();
  await new Promise((resolve) => setImmediate(resolve));
  return renderPrometheusText(read());
}

describe('the metrics of a run', () => {
  it.each([
    'captcha_build_info{version="1.2.3",command="batch"} 1',
    'captcha_tasks_in_work{command="batch"} 3',
    'captcha_tasks_limit{command="batch"} 8',
    'captcha_tasks_total{command="batch",region="eu",result="solved"} 1',
    'captcha_submissions_total{command="batch",region="eu"} 1',
    'captcha_submissions_bounced_total{command="batch"} 2',
    'captcha_submissions_refused_total{command="batch",reason="breaker"} 1',
    'captcha_submissions_refused_total{command="batch",reason="held"} 1',
    'captcha_submissions_refused_total{command="batch",reason="limit-reached"} 0',
    'captcha_possibly_charged_total{command="batch",region="eu"} 1',
    'captcha_retries_granted_total{command="batch"} 1',
    'captcha_retries_refused_total{command="batch"} 1',
    'captcha_polls_total{command="batch"} 6',
    'captcha_requests_total{command="batch",call="submit",outcome="threads-full"} 1',
    'captcha_solve_seconds_bucket{command="batch",region="eu",le="10"} 0',
    'captcha_solve_seconds_bucket{command="batch",region="eu",le="15"} 1',
    'captcha_solve_seconds_bucket{command="batch",region="eu",le="+Inf"} 1',
    'captcha_solve_seconds_sum{command="batch",region="eu"} 12',
    'captcha_solve_seconds_count{command="batch",region="eu"} 1',
    'captcha_delivery_delay_seconds_bucket{command="batch",region="eu",le="3"} 1',
    'captcha_delivery_delay_seconds_sum{command="batch",region="eu"} 3',
    'captcha_api_latency_seconds_bucket{command="batch",region="eu",le="0.05"} 2',
    'captcha_api_latency_seconds_count{command="batch",region="eu"} 3',
    'captcha_account_threads 10',
    'captcha_account_working_threads 4',
    'captcha_account_balance 1.5',
    'captcha_budget_burst{scope="host"} 10',
    'captcha_budget_granted_total{scope="host"} 1',
    'captcha_budget_refused_total{scope="host",reason="budget"} 0',
    'captcha_breaker_state{scope="host",state="open"} 1',
    'captcha_breaker_state{scope="host",state="closed"} 0',
    'captcha_breaker_changes_total{scope="host"} 1',
    'captcha_breaker_retry_seconds{scope="host"} 4',
    'captcha_retry_after_seconds{scope="host"} 6.5',
    'captcha_hold_active{scope="host"} 1',
    'captcha_hold_left_seconds{scope="host"} 59',
    'captcha_limit_submissions{scope="host",window="hour"} 200',
    'captcha_limit_left_submissions{scope="host",window="hour"} 199',
    'captcha_limit_left_submissions{scope="host",window="day",label="nightly"} 0',
    'captcha_limit_room_seconds{scope="host",window="hour"} 0',
  ])('have %s', async (line) => {
    expect((await textOfRun()).split('\n')).toContain(line);
  });

  it('follow the conventions of Prometheus', async () => {
    expect(expositionProblems(await textOfRun())).toEqual([]);
  });

  it('have no threads and no balance if the service does not tell', async () => {
    const silent = async () => Promise.reject(new ProviderFault(full));
    const text = await textOfRun({ api: { threads: silent, balance: silent } });
    expect(text).not.toMatch(/^captcha_account/m);
    expect(expositionProblems(text)).toEqual([]);
  });

  it('have the region of a worker, whatever the region of its tasks', () => {
    const counts = new SolveCounts({ region: 'us' });
    counts.recordResult({ outcome: solved, possiblyCharged: false });
    expect(counts.read().regions).toMatchObject([{ region: 'us', tasks: { solved: 1 } }]);
  });
});

describe('the table of metrics', () => {
  it('has names, types and help texts after the conventions of Prometheus', () => {
    const all = Object.keys(metricTable).map((name) => metric(name as MetricName, []));
    expect(expositionProblems(renderPrometheusText(all))).toEqual([]);
  });

  it.each([
    ['# HELP captcha_x_total X.\n# TYPE captcha_x_total gauge\n', 'a counter ends in _total'],
    ['# HELP captcha_x X.\n# TYPE captcha_x gauge\ncaptcha_x{a="1"} 1\ncaptcha_x{a="1"} 2\n', 'a duplicate sample'],
    ['# HELP captcha_x_ms X.\n# TYPE captcha_x_ms gauge\n', 'not a base unit'],
    [
      '# HELP captcha_x_seconds X.\n# TYPE captcha_x_seconds histogram\ncaptcha_x_seconds_bucket{le="1"} 1\n',
      'no +Inf',
    ],
  ])('would be criticised: %j', (text, problem) => {
    expect(expositionProblems(text).join('\n')).toContain(problem);
  });

  it('has no sample for what is unknown', () => {
    expect(renderPrometheusText([single('captcha_batch_tasks', null)])).not.toMatch(/^captcha/m);
  });
});
