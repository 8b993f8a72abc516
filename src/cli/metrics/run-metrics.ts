import type { HistogramReading } from '../../core/solve/histogram.ts';
import type { RegionCounts, SolveCounts } from '../../core/solve/solve-counts.ts';
import { valueOrNull } from '../../domain/fault.ts';
import type { RequestCounts } from '../../ports/api.ts';
import type { Context, SolveSession } from '../context.ts';
import { budgetMetrics } from './budget-metrics.ts';
import { LatestAnswer } from './latest-answer.ts';
import { metric, type MetricName, single } from './metric-table.ts';
import type { Metric, Sample } from './prometheus-text.ts';

type Labels = Sample['labels'];

/** What is measured. */
export interface MeasuredRun {
  readonly command: 'worker' | 'batch';
  readonly session: Pick<SolveSession, 'api' | 'requestCounts' | 'budgetFacts'>;
  readonly counts: SolveCounts;
  /** Tasks in work, and their maximum. */
  readonly load: () => { readonly inWork: number; readonly limit: number };
  /** Of all tasks, as far as it is one. */
  readonly region?: string;
}

/** Null for what the service does not tell. */
interface AccountFacts {
  readonly threads: number | null;
  readonly workingThreads: number | null;
  readonly balance: number | null;
}

async function askAccount({ api }: MeasuredRun['session']): Promise<AccountFacts> {
  const [threads, balance] = await Promise.all([valueOrNull(() => api.threads()), valueOrNull(() => api.balance())]);
  return { threads: threads?.threads ?? null, workingThreads: threads?.workingThreads ?? null, balance };
}

function histogramSamples({ buckets, sum, count }: HistogramReading, labels: Labels): readonly Sample[] {
  return [
    ...buckets.map((bucket) => {
      const le = bucket.le === Infinity ? '+Inf' : String(bucket.le);
      return { suffix: '_bucket', labels: { ...labels, le }, value: bucket.count };
    }),
    { suffix: '_sum', labels, value: sum },
    { suffix: '_count', labels, value: count },
  ];
}

function requestMetrics(counts: RequestCounts, labels: Labels): readonly Metric[] {
  const samples = Object.entries(counts).flatMap(([call, outcomes]) =>
    Object.entries(outcomes).map(([outcome, value]) => ({ labels: { ...labels, call, outcome }, value })),
  );
  const polls = Object.values(counts.poll).reduce((sum, count) => sum + count, 0);
  return [metric('captcha_requests_total', samples), single('captcha_polls_total', polls, labels)];
}

function countMetrics({ command, region, counts }: MeasuredRun): readonly Metric[] {
  const { regions, bounced, retriesGranted, retriesRefused, breakerRefused, held, limitReached } = counts.read();
  const refused = { breaker: breakerRefused, held, 'limit-reached': limitReached };
  const labels: Labels = { command, ...(region !== undefined && { region }) };
  const labelsOf = (each: RegionCounts): Labels => ({ command, ...(each.region !== null && { region: each.region }) });
  const perRegion = (name: MetricName, samples: (each: RegionCounts, own: Labels) => readonly Sample[]): Metric =>
    metric(
      name,
      regions.flatMap((each) => samples(each, labelsOf(each))),
    );
  const results = ({ tasks }: RegionCounts, own: Labels): readonly Sample[] =>
    Object.entries(tasks).map(([result, value]) => ({ labels: { ...own, result }, value }));
  return [
    perRegion('captcha_tasks_total', results),
    perRegion('captcha_submissions_total', ({ submissions: value }, own) => [{ labels: own, value }]),
    single('captcha_submissions_bounced_total', bounced, labels),
    metric(
      'captcha_submissions_refused_total',
      Object.entries(refused).map(([reason, value]) => ({ labels: { ...labels, reason }, value })),
    ),
    perRegion('captcha_possibly_charged_total', ({ possiblyCharged: value }, own) => [{ labels: own, value }]),
    single('captcha_retries_granted_total', retriesGranted, labels),
    single('captcha_retries_refused_total', retriesRefused, labels),
    perRegion('captcha_solve_seconds', ({ solveTime }, own) => histogramSamples(solveTime, own)),
    perRegion('captcha_delivery_delay_seconds', ({ deliveryDelay }, own) => histogramSamples(deliveryDelay, own)),
    perRegion('captcha_api_latency_seconds', ({ apiLatency }, own) => histogramSamples(apiLatency, own)),
  ];
}

/**
 * Returns what reads the metrics of a worker or a batch. A reading takes no time: threads and balance are those of the
 * reading before, if that is less than 30 s ago. The budget of a fleet is that of the reading before, so one is made now.
 */
export function measureRun(run: MeasuredRun, { program, clock }: Pick<Context, 'program' | 'clock'>) {
  const { command, session, region, load } = run;
  const account = new LatestAnswer(() => askAccount(session), { clock });
  const labels: Labels = { command, ...(region !== undefined && { region }) };
  session.budgetFacts();
  return (): readonly Metric[] => {
    const { inWork, limit } = load();
    const known = account.read();
    const facts = session.budgetFacts();
    return [
      single('captcha_build_info', 1, { version: program.version, command }),
      single('captcha_tasks_in_work', inWork, labels),
      single('captcha_tasks_limit', limit, labels),
      ...countMetrics(run),
      ...requestMetrics(session.requestCounts(), labels),
      single('captcha_account_threads', known?.threads ?? null),
      single('captcha_account_working_threads', known?.workingThreads ?? null),
      single('captcha_account_balance', known?.balance ?? null),
      ...(facts === null ? [] : budgetMetrics(facts)),
    ];
  };
}
