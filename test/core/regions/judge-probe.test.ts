import { describe, expect, it } from 'vitest';
import { judgeProbe } from '../../../src/core/regions/region-health.ts';
import { answered, refused } from '../resilience/support/probes.ts';

describe('the verdict of a single probe', () => {
  it.each([
    ['an answer without a word and without numbers', answered(), 'healthy', null],
    ['workers and an empty queue', answered({ activeWorkers: 4, queueDepth: 0 }), 'healthy', null],
    ['a deep queue that somebody works on', answered({ activeWorkers: 1, queueDepth: 90_000 }), 'healthy', null],
    ['a deep queue and no number of workers', answered({ queueDepth: 90_000 }), 'healthy', null],
    [
      'no workers and nothing queued',
      answered({ activeWorkers: 0, queueDepth: 0 }),
      'idle',
      /^reports no active workers$/,
    ],
    ['no workers and no word about the queue', answered({ activeWorkers: 0 }), 'idle', /^reports no active workers$/],
    ['no workers for what waits', answered({ activeWorkers: 0, queueDepth: 7 }), 'degraded', /no workers for 7/],
    ['the word idle', answered({ status: 'idle' }), 'idle', /^reports status idle$/],
    ['the word degraded', answered({ status: 'degraded' }), 'degraded', /degraded/],
    ['the word warn', answered({ status: 'warn' }), 'degraded', /warn/],
    ['a word that nobody knows', answered({ status: 'splendid' }), 'healthy', null],
    ["a word of JavaScript's own", answered({ status: 'constructor' }), 'healthy', null],
    [
      'a number that is no count',
      answered({ invalidField: 'queueDepth is not a count' }),
      'healthy',
      /^queueDepth is not/,
    ],
    ['a refusal', refused('HTTP 503'), 'unhealthy', /^HTTP 503$/],
  ] as const)('finds %s %s', (_name, result, status, error) => {
    const verdict = judgeProbe(result);
    expect(verdict.status).toBe(status);
    if (error === null) expect(verdict.error).toBeNull();
    else expect(verdict.error).toMatch(error);
  });

  it.each(['healthy', 'ok', 'up', 'pass'])('treats the word %s as healthy', (status) => {
    expect(judgeProbe(answered({ status })).status).toBe('healthy');
  });

  it.each(['unhealthy', 'down', 'fail', 'draining'])(
    'treats the word %s as not serving, with or without workers',
    (status) => {
      const verdict = judgeProbe(answered({ status, activeWorkers: 4 }));
      expect(verdict).toEqual({ status: 'unhealthy', error: `reports status ${status}`, isFailing: true });
    },
  );
});
