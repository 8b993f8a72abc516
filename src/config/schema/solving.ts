import * as v from 'valibot';
import { budgetScope } from './locations.ts';
import { bareKey, inMs, key, section, shape } from './section.ts';
import {
  amount,
  autoOr,
  duration,
  integer,
  mapOf,
  mustBeUnseen,
  nullOr,
  oneOf,
  positive,
  ratio,
  text,
} from './values.ts';

export const solve = section('One task.', {
  timeout: inMs(key('The one limit of a task, across attempts, waits and polls.', duration(), '300s')),
});

const methodPolling = shape({
  firstWait: inMs(bareKey('When the first poll of this method is, counted from the submission; auto plans it.', autoOr(duration('0ms')))),
  interval: inMs(bareKey('The same for polls of this method.', duration())),
});

export const polling = section('When to poll for the solution.', {
  firstWait: inMs(
    key(
      'When the first poll is, counted from the submission; auto plans it from the solve times that were seen.',
      autoOr(duration('0ms')),
      'auto',
    ),
  ),
  interval: inMs(key('By an age of t an id is polled at most 2 + t / interval times.', duration(), '5s')),
  methods: key('Other waits for single methods, by method name.', mapOf(text('a method name'), methodPolling), {}),
});

export const retry = section('What one task may retry.', {
  maxAttempts: key('Submissions of one task, the first included; 1 never retries.', integer(1), 3),
  strategy: key(
    'How the wait before a retry grows.',
    oneOf('none', 'fixed', 'linear', 'exponential', 'full-jitter', 'decorrelated-jitter'),
    'full-jitter',
  ),
  baseDelay: inMs(key('The wait that the strategy starts from.', duration('0ms'), '1s')),
  maxDelay: inMs(key('The longest wait that the strategy may choose.', duration('0ms'), '30s')),
  maxUnsolvable: key('Give a task up after this many answers that it cannot be solved.', integer(1), 3),
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
  maxFailures: key('Stop after this many, or this share of, unsolved tasks. Null: never.', nullOr(failures), null),
});

export const budget = section('What all tasks together may retry: one bucket of tokens, full at the start.', {
  scope: key('Who shares the budget: process, host, or everybody at a Redis URL.', budgetScope(), 'host'),
  ratio: key(
    'Tokens for every accepted submission. Null: a fixed bucket, refilled at maxRetriesPerSecond.',
    nullOr(ratio()),
    0.1,
  ),
  minRetriesPerSecond: key('Tokens that come with time alone.', amount(), 0.2),
  maxRetriesPerSecond: key('Never refilled faster than this.', positive(), 10),
  burst: key('The size of the bucket.', integer(1), 10),
  onExhausted: key(
    'What a task does without a token; auto fails in solve and waits in batch and workers.',
    oneOf('auto', 'fail', 'wait'),
    'auto',
  ),
  fleetShare: key('The share of the rate that one host keeps while the Redis of the scope is away.', ratio(), 0.1),
});

export const breaker = section('When to stop submitting to a service that is down.', {
  failureRatio: key('Open at this share of failures in samplingDuration. Null: never by share.', nullOr(ratio()), 0.5),
  minimumThroughput: key('Submissions in samplingDuration below which the share says nothing.', integer(1), 10),
  consecutiveFailures: key('Open after this many failures in a row. Null: never by count.', nullOr(integer(1)), 5),
  samplingDuration: inMs(key('The window in which failures are counted.', duration(), '30s')),
  breakDuration: inMs(key('How long the breaker stays open the first time.', duration(), '5s')),
  maxBreakDuration: inMs(key('The longest that it stays open after failed probes.', duration(), '60s')),
});
