import { budgetScope } from './locations.ts';
import { inMs, key, section } from './section.ts';
import { amount, duration, integer, nullOr, oneOf, positive, ratio } from './values.ts';

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
