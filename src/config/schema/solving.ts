import * as v from 'valibot';
import { budgetScope } from './locations.ts';
import { bareKey, inMs, key, section, shape } from './section.ts';
import {
  amount,
  autoOr,
  duration,
  integer,
  labelName,
  listOf,
  mapOf,
  mustBe,
  mustBeUnseen,
  nullOr,
  oneOf,
  positive,
  ratio,
  text,
} from './values.ts';

export const solve = section('Limits of one task.', {
  timeout: inMs(key('Time limit of a task, for all attempts, waits and polls.', duration(), '300s')),
});

const methodPolling = shape({
  firstWait: inMs(bareKey('Age of a task of this method at its first poll.', autoOr(duration('0ms')))),
  interval: inMs(bareKey('Pace of polls for this method.', duration())),
});

export const polling = section('Polling of submitted tasks.', {
  firstWait: inMs(
    key('Age of a task at its first poll; auto plans it from the solve times seen.', autoOr(duration('0ms')), 'auto'),
  ),
  interval: inMs(key('Pace of polls: at age t a task has had at most 2 + t / interval polls.', duration(), '5s')),
  methods: key('Polling of individual methods, by method name.', mapOf(text('a method name'), methodPolling), {}),
});

export const retry = section('Retries of one task.', {
  maxAttempts: key('Maximum number of submissions of one task; 1 means no retries.', integer(1), 3),
  strategy: key(
    'Backoff strategy.',
    oneOf('none', 'fixed', 'linear', 'exponential', 'full-jitter', 'decorrelated-jitter'),
    'full-jitter',
  ),
  baseDelay: inMs(key('Base delay of the backoff.', duration('0ms'), '1s')),
  maxDelay: inMs(key('Maximum delay of the backoff.', duration('0ms'), '30s')),
  maxRetryAfter: inMs(
    key('Longest wait that an answer may ask for (Retry-After); a longer one is cut to it.', duration(), '60s'),
  ),
  maxUnsolvable: key('Give up a task after this many "unsolvable" answers.', integer(1), 3),
});

const failureLimit = mustBeUnseen('a whole number of at least 1 or a percentage such as "5%"');

/** A count, or a share as people write it; as one of the two. */
const failures = v.union(
  [
    v.pipe(
      v.number(failureLimit),
      v.integer(failureLimit),
      v.minValue(1, failureLimit),
      v.transform((count) => ({ count }) as const),
    ),
    v.pipe(
      v.string(failureLimit),
      v.regex(/^(100(\.0+)?|\d{1,2}(\.\d+)?)%$/, failureLimit),
      v.transform((percent) => ({ ratio: Number.parseFloat(percent) / 100 }) as const),
    ),
  ],
  failureLimit,
);

export const batch = section('captcha batch.', {
  concurrency: key('Tasks in work at once; auto follows the threads of the account.', autoOr(integer(1)), 'auto'),
  maxFailures: key('Stop after this number or share of failed tasks. Null: never.', nullOr(failures), null),
});

export const budget = section('Retry budget of all tasks: one token bucket, full at the start.', {
  scope: key('Scope of the budget: process, host, or a Redis URL shared by several hosts.', budgetScope(), 'host'),
  ratio: key(
    'Tokens added per accepted submission. Null: a fixed bucket, refilled at maxRetriesPerSecond.',
    nullOr(ratio()),
    0.1,
  ),
  minRetriesPerSecond: key('Tokens added per second without any submission.', amount(), 0.2),
  maxRetriesPerSecond: key('Maximum refill rate in tokens per second.', positive(), 10),
  burst: key('Size of the bucket in tokens.', integer(1), 10),
  onExhausted: key(
    'What a task does without a token, a permit of the breaker or (in solve) a free thread; auto means wait.',
    oneOf('auto', 'fail', 'wait'),
    'auto',
  ),
  fleetShare: key('Share of the rate that one host uses while the Redis of the scope is unreachable.', ratio(), 0.1),
});

const notALimit = mustBe('a limit such as "200/hour" or "1000/day" (second, minute, hour, day)');
const windowMs: Readonly<Record<string, number>> = {
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

/** A number of submissions in a window of time. */
const submissionLimit = v.pipe(
  v.string(notALimit),
  v.regex(/^[1-9]\d{0,9}\/(second|minute|hour|day)$/, notALimit),
  v.transform((written) => {
    const [count, unit = ''] = written.split('/');
    return { count: Number(count), windowMs: windowMs[unit] ?? 0 };
  }),
);

const submissionLimits = listOf('limits such as "200/hour"', submissionLimit);

export const limits = section('Limits of all submissions, first attempts included, in rolling windows.', {
  submissions: key('Limits of all processes together, such as "200/hour".', submissionLimits, []),
  labels: key('Limits of the submissions with a label (--label), by label.', mapOf(labelName(), submissionLimits), {}),
});

export const breaker = section('Circuit breaker: stops submissions while the service is down.', {
  failureRatio: key('Opens at this share of failures in samplingDuration. Null: off.', nullOr(ratio()), 0.5),
  minimumThroughput: key(
    'Minimum number of submissions in samplingDuration before failureRatio applies.',
    integer(1),
    10,
  ),
  consecutiveFailures: key('Opens after this many consecutive failures. Null: off.', nullOr(integer(1)), 5),
  samplingDuration: inMs(key('Time window in which failures are counted.', duration(), '30s')),
  breakDuration: inMs(key('How long the breaker stays open at first.', duration(), '5s')),
  maxBreakDuration: inMs(key('Maximum time that it stays open after failed probes.', duration(), '60s')),
});
