import { describe, expect, it } from 'vitest';
import { healthAt, recordProbe, type RegionHistory, startHistory } from '../../../src/core/regions/region-health.ts';
import type { ProbeResult } from '../../../src/ports/api.ts';
import { answered, aRegion, refused, silent } from '../resilience/support/probes.ts';

const rules = { fall: 3, rise: 2, staleMs: 35_000 };
const good = answered({ activeWorkers: 4, queueDepth: 0 });
const bad = refused('HTTP 503');
const asleep = answered({ activeWorkers: 0, queueDepth: 7 });
const idle = answered({ activeWorkers: 0, queueDepth: 0 });
const region = aRegion('eu');

/** A probe every 10 s, from second 10. */
function after(...results: readonly ProbeResult[]): RegionHistory {
  return results.reduce(
    (history, result, index) => recordProbe(history, result, { rules, timestamp: (index + 1) * 10_000 }),
    startHistory(region, 0),
  );
}

const statusesOf = (results: readonly ProbeResult[]): string[] =>
  results.map((_, index) => after(...results.slice(0, index + 1)).health.status);

describe('a watched region', () => {
  it('keeps its status where a limit of this machine kept it from being asked', () => {
    const unasked: ProbeResult = { answered: false, latencyMs: null, error: 'too many open files', isLocal: true };
    expect(statusesOf([good, unasked, unasked, unasked, unasked])).toEqual(Array(5).fill('healthy'));
    expect(after(unasked).health).toMatchObject({ status: 'unknown', error: 'too many open files' });
  });

  it('is unknown before the first probe', () => {
    expect(startHistory(region, 5).health).toMatchObject({ status: 'unknown', since: 5, error: null });
  });

  it.each([
    ['its first success counts at once', [good], ['healthy']],
    [
      'failures before the first success leave it unknown until there are enough',
      [bad, bad, bad],
      ['unknown', 'unknown', 'unhealthy'],
    ],
    ['a success among them makes it serve', [bad, bad, good], ['unknown', 'unknown', 'healthy']],
    [
      'a failure is shown, and the third in a row counts',
      [good, bad, bad, bad],
      ['healthy', 'degraded', 'degraded', 'unhealthy'],
    ],
    [
      'a success in between starts the count again',
      [good, bad, bad, good, bad, bad],
      ['healthy', 'degraded', 'degraded', 'healthy', 'degraded', 'degraded'],
    ],
    [
      'it comes back with the second success',
      [bad, bad, bad, good, good],
      ['unknown', 'unknown', 'unhealthy', 'unhealthy', 'healthy'],
    ],
    [
      'a failure in between starts that count again',
      [bad, bad, bad, good, bad, good, good],
      ['unknown', 'unknown', 'unhealthy', 'unhealthy', 'unhealthy', 'unhealthy', 'healthy'],
    ],
    [
      'it comes back as what it is',
      [bad, bad, bad, idle, idle],
      ['unknown', 'unknown', 'unhealthy', 'unhealthy', 'idle'],
    ],
    ['it may fall asleep and wake up at once', [good, idle, good], ['healthy', 'idle', 'healthy']],
    ['it has time to wake up', [idle, asleep, asleep, good], ['idle', 'degraded', 'degraded', 'healthy']],
    [
      'tasks that nobody takes up make it unhealthy in the end',
      [idle, asleep, asleep, asleep],
      ['idle', 'degraded', 'degraded', 'unhealthy'],
    ],
    ['it may be without workers when it is first seen', [asleep], ['degraded']],
  ])('%s', (_name, results, statuses) => {
    expect(statusesOf(results)).toEqual(statuses);
  });

  it('counts its consecutive failures and successes', () => {
    expect(after(good, bad).health.error).toBe('HTTP 503, 1 of 3');
    expect(after(bad, bad).health.error).toBe('HTTP 503, 2 of 3');
    expect(after(bad, bad, bad, bad).health.error).toBe('HTTP 503');
    expect(after(bad, bad, bad, good).health.error).toBe('answers again, 1 of 2');
    expect(after(bad, bad, bad, good, good).health.error).toBeNull();
  });

  it('has its status since the last change, not since the last probe', () => {
    expect(after(good, good, good).health.since).toBe(10_000);
    expect(after(good, good, bad, bad, bad, bad).health.since).toBe(50_000);
  });

  it('shows the latest numbers, and none if it does not answer', () => {
    expect(after(good).health).toMatchObject({ latencyMs: 20, activeWorkers: 4, queueDepth: 0 });
    expect(after(good, silent('timed out after 5s')).health).toMatchObject({
      latencyMs: null,
      activeWorkers: null,
      queueDepth: null,
    });
  });

  it.each([
    ['while failures do not count yet', [good, bad], true],
    ['while it is unknown and fails', [bad], true],
    ['while successes do not count yet', [bad, bad, bad, good], true],
    ['when it is well', [good], false],
    ['when it is unhealthy and stays so', [bad, bad, bad, bad], false],
    ['not while it wakes up, which takes longer', [idle, asleep], false],
  ])('is probed again soon %s: %#', (_name, results, isChanging) => {
    expect(after(...results).isChanging).toBe(isChanging);
  });
});

describe('a region without a probe for more than three intervals', () => {
  const history = after(good);

  it('is unknown from then on', () => {
    expect(healthAt(history, 45_000, rules)).toEqual(history.health);
    expect(healthAt(history, 45_001, rules)).toMatchObject({
      status: 'unknown',
      since: 45_000,
      error: 'no report for too long',
    });
  });

  it('is judged by its next answer alone', () => {
    const down = after(bad, bad, bad);
    const next = (timestamp: number) => recordProbe(down, good, { rules, timestamp }).health.status;
    expect(next(40_000)).toBe('unhealthy');
    expect(next(100_000)).toBe('healthy');
  });
});
