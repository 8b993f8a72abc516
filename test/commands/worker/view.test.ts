import { describe, expect, it } from 'vitest';
import { single } from '../../../src/cli/metrics/metric-table.ts';
import { finishedReport } from '../../../src/commands/worker/finished-report.ts';
import { answerWorker, renderWorkerEnd } from '../../../src/commands/worker/view.ts';
import type { WorkerTotals } from '../../../src/core/fleet/worker-metrics.ts';
import type { WorkerSnapshot } from '../../../src/core/fleet/worker.ts';
import { aSolved } from '../../cli/support/outcomes.ts';
import { expositionProblems } from '../../support/exposition-problems.ts';

const totals: WorkerTotals = {
  ...{ taken: 12, solved: 9, failed: 2, byReason: { unsolvable: 2 }, attempts: 13, requests: 40, possiblyCharged: 1 },
  ...{ known: 0, lost: 1, handedBack: 0, deadLettered: 0, solveMs: { p50: 15_000, p95: 31_000 } },
  ...{ apiLatencyMs: { p50: 80, p95: 95 }, deliveryDelayMs: { p50: null, p95: null } },
};
const atWork: WorkerSnapshot = {
  ...{ isDraining: false, queueError: null, concurrency: 50, busy: 7, pausedMs: 0, totals },
  depth: { waiting: 30, inFlight: 7, oldestAgeMs: 1_500, dead: 0 },
};
const metrics = () => [single('captcha_tasks_in_work', 7, { region: 'eu' })];
const about = { region: 'eu', worker: 'host-1', version: '1.2.3', startedAt: 0, now: 60_000, metrics };

const statusOf = (special: Partial<WorkerSnapshot>): unknown =>
  (JSON.parse(answerWorker('/health', { ...atWork, ...special }, about)!.body) as { status: unknown }).status;

describe('the endpoints of a worker', () => {
  it('return on /health what the failover plan reads', () => {
    const { status, body } = answerWorker('/health', atWork, about)!;
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({
      ...{ schemaVersion: 1, status: 'healthy', region: 'eu', activeWorkers: 50, queueDepth: 30, busy: 7, inFlight: 7 },
      ...{ error: null, ts: '1970-01-01T00:01:00.000Z' },
    });
  });

  it.each<[string, Partial<WorkerSnapshot>]>([
    ['healthy', {}],
    ['idle', { busy: 0, depth: { waiting: 0, inFlight: 0, oldestAgeMs: null, dead: 0 } }],
    ['draining', { isDraining: true, queueError: 'gone' }],
    ['unhealthy', { queueError: 'redis://x: gone' }],
    // With a service-wide outage no region is the better one.
    ['healthy', { pausedMs: 5_000 }],
  ])('report the status %s', (status, special) => {
    expect(statusOf(special)).toBe(status);
  });

  it.each<[number, string, Partial<WorkerSnapshot>]>([
    [200, 'ready', {}],
    [503, 'draining', { isDraining: true }],
    [503, 'the queue is unreachable: redis://x: gone', { queueError: 'redis://x: gone' }],
    [503, 'starting', { depth: null }],
  ])('return %i on /readyz: %s', (status, text, special) => {
    expect(answerWorker('/readyz', { ...atWork, ...special }, about)).toMatchObject({ status, body: `${text}\n` });
  });

  it('report on /livez that it is alive, in any state of the queue', () => {
    expect(answerWorker('/livez', { ...atWork, queueError: 'gone', isDraining: true }, about)).toMatchObject({
      status: 200,
    });
  });

  it('print metrics in the text format of Prometheus', () => {
    const { body, contentType } = answerWorker('/metrics', atWork, about)!;
    expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(expositionProblems(body)).toEqual([]);
    expect(body).toContain('captcha_worker_deliveries_total{region="eu"} 12\n');
    expect(body).toContain('captcha_tasks_in_work{region="eu"} 7\n');
    expect(body).toContain('captcha_queue_oldest_age_seconds{region="eu"} 1.5\n');
  });

  it('have no other path', () => {
    expect(answerWorker('/', atWork, about)).toBeNull();
  });
});

describe('the final message of a worker', () => {
  it('names the returned tasks, with paid ids', () => {
    const handedBack = [
      { id: 'run-1', taskId: 't1', captchaId: 'c1' },
      { id: 'run-2', taskId: 't2', captchaId: null },
    ];
    const end = { reason: 'interrupted', message: null, isDrained: false, handedBack } as const;
    const left = { waiting: 3, inFlight: 2, oldestAgeMs: 1_000, dead: 0 };
    expect(renderWorkerEnd(end, totals, left).split('\n')).toEqual([
      'stopped',
      '9 solved, 2 failed, 1 taken over by other workers, 1 possibly charged twice or without a result',
      '13 submissions, 40 requests',
      'solve time p50 15s, p95 31s; API latency p50 80ms, p95 95ms',
      '5 tasks left in the queue: 3 waiting, 2 in work elsewhere',
      'the drain timeout expired',
      'returned to the queue: run-1 (c1 is paid for)',
      'returned to the queue: run-2',
    ]);
  });
});

describe('a finished task in JSON', () => {
  it('has everything of its outcome but the solution, which is in the results queue', () => {
    const outcome = aSolved({ region: 'eu' });
    const result = {
      ...{ run: 'run-1', key: '0'.repeat(32), outcome, homeRegion: 'us', region: 'eu', worker: 'w1', attemptCount: 2 },
      ...{ possiblyCharged: false, finishedAt: 0 },
    };
    expect(finishedReport(result, 'w1')).toMatchObject({
      ...{ type: 'finished', worker: 'w1', run: 'run-1', queueId: `run-1-${'0'.repeat(32)}`, status: 'solved' },
      ...{ taskId: outcome.taskId, captchaId: '77', region: 'eu', homeRegion: 'us', attemptCount: 2 },
    });
    expect(JSON.stringify(finishedReport(result, 'w1'))).not.toContain(outcome.solution.text);
  });
});
