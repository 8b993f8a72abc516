import * as v from 'valibot';
import { bareKey, inMs, key, section, shape } from './section.ts';
import { autoOr, duration, integer, mapOf, mustBeUnseen, nullOr, oneOf, text } from './values.ts';

export const solve = section('One task.', {
  timeout: inMs(key('The one limit of a task, across attempts, waits and polls.', duration(), '300s')),
});

const methodPolling = shape({
  firstWait: inMs(bareKey('Wait before the first poll of this method.', autoOr(duration('0ms')))),
  interval: inMs(bareKey('Wait between polls of this method.', duration())),
});

export const polling = section('When to look for the solution.', {
  firstWait: inMs(
    key(
      "Wait between the submission and the first poll; auto takes the method's own.",
      autoOr(duration('0ms')),
      'auto',
    ),
  ),
  interval: inMs(key('Wait between polls.', duration(), '5s')),
  idsPerRequest: key(
    'batch: ids that one poll may ask for, where the service proves to answer that rightly; 1 asks for each alone.',
    integer(1, 50),
    1,
  ),
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
