import type { Metric, Sample } from './prometheus-text.ts';

interface MetricDescription {
  readonly type: Metric['type'];
  readonly help: string;
}

const gauge = (help: string): MetricDescription => ({ type: 'gauge', help });
const counter = (help: string): MetricDescription => ({ type: 'counter', help });
const histogram = (help: string): MetricDescription => ({ type: 'histogram', help });

/** What a process did and does: a worker or a batch (label `command`). */
const ofProcesses = {
  captcha_build_info: gauge('1; the labels name the version and the command.'),
  captcha_tasks_in_work: gauge('Tasks in work.'),
  captcha_tasks_limit: gauge('Maximum number of tasks that wait for a thread or use one.'),
  captcha_tasks_total: counter('Finished tasks, by result (solved or the failure reason).'),
  captcha_submissions_total: counter('Submissions that were started.'),
  captcha_submissions_bounced_total: counter('Submissions that the service refused because all threads are busy.'),
  captcha_submissions_refused_total: counter(
    'Times that a submission was not allowed to start, by reason (breaker, held, limit-reached).',
  ),
  captcha_possibly_charged_total: counter('Finished tasks that may have been charged twice or without a result.'),
  captcha_retries_granted_total: counter('Retries of this process that the budget granted.'),
  captcha_retries_refused_total: counter('Retries of this process that the budget refused.'),
  captcha_polls_total: counter('Polls that were sent.'),
  captcha_requests_total: counter('Requests that were sent to the service, by call and outcome.'),
  captcha_solve_seconds: histogram('Time from the first submission of a solved task to its solution.'),
  captcha_delivery_delay_seconds: histogram(
    'Upper bound of the time from when the service had a solution until it was fetched.',
  ),
  captcha_api_latency_seconds: histogram('Round trips of the answered requests of finished tasks.'),
  captcha_batch_tasks: gauge('Tasks of the run; no sample if unknown.'),
};

/** The account, as the service last reported it. */
const ofAccount = {
  captcha_account_threads: gauge('Threads of the account.'),
  captcha_account_working_threads: gauge('Busy threads of the account.'),
  captcha_account_balance: gauge('Balance of the account, in its currency.'),
};

/** What the processes of a scope share. Every process of the scope reports the same: use `max by (scope)`. */
const ofBudget = {
  captcha_budget_tokens: gauge('Retry tokens; negative while reservations are outstanding.'),
  captcha_budget_burst: gauge('Maximum number of retry tokens.'),
  captcha_budget_refill_ratio: gauge('Retry tokens per accepted submission; no sample for a fixed rate.'),
  captcha_budget_refill_per_second: gauge('Retry tokens per second by time alone (min) and at most (max).'),
  captcha_budget_next_token_seconds: gauge('Time until a retry token is free by time alone; no sample if never.'),
  captcha_budget_degraded: gauge('1 if the budget of the fleet is unreachable, and the host uses its share.'),
  captcha_budget_accepted_total: counter('Accepted submissions, which fund retries, since the last reset.'),
  captcha_budget_granted_total: counter('Granted retries since the last reset.'),
  captcha_budget_refused_total: counter('Refused retries (budget) and submissions (breaker) since the last reset.'),
  captcha_breaker_state: gauge('1 for the current state of the circuit breaker, 0 for the others.'),
  captcha_breaker_changes_total: counter('Changes of the state of the circuit breaker, resets included.'),
  captcha_breaker_retry_seconds: gauge(
    'Time until the circuit breaker allows another submission; 0 while it allows all.',
  ),
  captcha_retry_after_seconds: gauge('Remaining wait that the service asked for with Retry-After.'),
  captcha_hold_active: gauge('1 while a person holds all submissions.'),
  captcha_hold_left_seconds: gauge('Time until the hold ends by itself; no sample if it does not.'),
  captcha_limit_submissions: gauge('Maximum number of submissions in a rolling window, by label.'),
  captcha_limit_left_submissions: gauge('Submissions that a limit still allows now.'),
  captcha_limit_room_seconds: gauge('Time until a limit allows another submission; 0 while it allows one.'),
};

const ofWorkers = {
  captcha_worker_draining: gauge('1 if the worker is draining.'),
  captcha_worker_paused: gauge(
    '1 if the breaker, the retry budget, a hold or a limit stops the worker from taking tasks.',
  ),
  captcha_worker_deliveries_total: counter('Tasks taken from the queue.'),
  captcha_worker_lost_total: counter('Tasks taken over by other workers.'),
  captcha_worker_handed_back_total: counter('Unfinished tasks returned to the queue.'),
  captcha_worker_dead_lettered_total: counter('Tasks that this worker turned into dead letters.'),
};

/** Every worker of a region and `captcha health --prometheus` report the same queue: use `max by (region)`. */
const ofQueues = {
  captcha_queue_reachable: gauge('1 if the queue is reachable.'),
  captcha_queue_waiting: gauge('Waiting tasks in the queue.'),
  captcha_queue_in_flight: gauge('Tasks of the queue that are leased by workers.'),
  captcha_queue_oldest_age_seconds: gauge('Age of the oldest waiting task.'),
  captcha_queue_dead_letters: gauge('Dead letters in the queue.'),
};

const ofRegions = {
  captcha_region_up: gauge('1 if the region is serving (healthy, degraded or idle), else 0; no sample if unknown.'),
  captcha_region_status: gauge('Status of the region: 1 for the current status, 0 for the others.'),
  captcha_region_idle: gauge('1 if the region sleeps (no workers, nothing queued), else 0; no sample if unknown.'),
  captcha_region_latency_seconds: gauge('Round-trip time of the latest probe; no sample without an answer.'),
  captcha_region_queue_depth: gauge('Waiting tasks, as reported by the region.'),
  captcha_region_active_workers: gauge('Active workers, as reported by the region.'),
  captcha_failover_share: gauge('Share of the tasks of one region (from) that is redirected to another (to).'),
  captcha_failover_held: gauge('1 if the tasks of an unhealthy region are held because no target region is eligible.'),
  captcha_api_reachable: gauge('1 if the CaptchaAI API is reachable from this machine.'),
};

/** All metrics of the program. Nothing else names, types or explains one. */
export const metricTable = { ...ofProcesses, ...ofAccount, ...ofBudget, ...ofWorkers, ...ofQueues, ...ofRegions };

export type MetricName = keyof typeof metricTable;

/** A metric with its samples. */
export const metric = (name: MetricName, samples: readonly Sample[]): Metric => ({
  name,
  ...metricTable[name],
  samples,
});

/** One sample without further labels; none for null, since 0 would be an answer. */
export function single(name: MetricName, value: number | null, labels: Sample['labels'] = {}): Metric {
  return metric(name, value === null ? [] : [{ labels, value }]);
}

/** A duration in seconds. */
export const inSeconds = (ms: number | null): number | null => (ms === null ? null : Math.round(ms) / 1_000);
