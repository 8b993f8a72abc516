import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/adapters/virtual/seeded-random.ts';
import { VirtualClock } from '../../../src/adapters/virtual/virtual-clock.ts';
import type { HealthReport } from '../../../src/core/regions/probe-regions.ts';
import { watchRegions } from '../../../src/core/regions/watch-regions.ts';
import type { ProbeResult } from '../../../src/ports/api.ts';
import { answered, aRegion, refused, scriptedProbe } from '../resilience/support/probes.ts';

interface Seen {
  readonly atMs: number;
  readonly report: HealthReport;
}

/** Watches `a` and `b` for `forMs` of virtual time, every 60 s; `answer` gives the answer of `a` at a time. */
async function watched(answer: (nowMs: number) => ProbeResult, forMs: number) {
  const clock = new VirtualClock(0);
  const stop = new AbortController();
  const { probe, asked } = scriptedProbe((url) => (url === 'http://a/' ? answer(clock.timestamp()) : answered()));
  const options = { intervalMs: 60_000, timeoutMs: 5_000, fall: 3, rise: 2, signal: stop.signal };
  const targets = { regions: [aRegion('a'), aRegion('b')], baseUrl: 'https://api.example.com' };
  const seen: Seen[] = [];
  const watching = (async () => {
    const deps = { probe, clock, random: seededRandom(7) };
    for await (const report of watchRegions(targets, options, deps)) seen.push({ atMs: clock.timestamp(), report });
  })();
  await clock.advance(forMs);
  stop.abort();
  await watching;
  return { seen, asked };
}

const statusOf = ({ report }: Seen): string => report.regions[0]!.status;

describe('watching regions', () => {
  it('probes all of them every interval, with some jitter', async () => {
    const { seen, asked } = await watched(() => answered(), 590_000);
    const gaps = seen.slice(1).map(({ atMs }, index) => atMs - seen[index]!.atMs);
    expect(gaps.length).toBeGreaterThanOrEqual(8);
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(54_000);
    for (const gap of gaps) expect(gap).toBeLessThanOrEqual(66_000);
    expect(new Set(gaps).size).toBeGreaterThan(1);
    expect(asked.filter((url) => url === 'http://b/')).toHaveLength(seen.length);
  });

  it('probes changing regions again within seconds, and no others', async () => {
    const { seen, asked } = await watched((nowMs) => (nowMs > 30_000 ? refused('HTTP 503') : answered()), 110_000);
    expect(seen.map(statusOf)).toEqual(['healthy', 'degraded', 'degraded', 'unhealthy']);
    expect(seen[3]!.atMs - seen[1]!.atMs).toBeLessThan(4_500);
    expect(asked.filter((url) => url === 'http://a/')).toHaveLength(4);
    expect(asked.filter((url) => url === 'http://b/')).toHaveLength(2);
  });

  it('reports a recovery with the second success, within seconds of the first', async () => {
    const { seen } = await watched((nowMs) => (nowMs < 30_000 ? refused('HTTP 503') : answered()), 110_000);
    expect(seen.map(statusOf)).toEqual(['unknown', 'unknown', 'unhealthy', 'unhealthy', 'healthy']);
    expect(seen[4]!.atMs - seen[3]!.atMs).toBeLessThan(2_300);
  });

  it('reports nothing about an aborted probe', async () => {
    const clock = new VirtualClock(0);
    const stop = new AbortController();
    const { probe } = scriptedProbe(async () => {
      stop.abort();
      return refused('cancelled');
    });
    const options = { intervalMs: 60_000, timeoutMs: 5_000, fall: 1, rise: 1, signal: stop.signal };
    const targets = { regions: [aRegion('a')], baseUrl: 'https://api.example.com' };
    const reports = watchRegions(targets, options, { probe, clock, random: seededRandom(7) });
    expect(await reports.next()).toEqual({ value: undefined, done: true });
  });
});
