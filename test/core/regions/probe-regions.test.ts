import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/adapters/virtual/virtual-clock.ts';
import { probeRegions } from '../../../src/core/regions/probe-regions.ts';
import { answered, aRegion, refused, scriptedProbe, unreachable } from '../resilience/support/probes.ts';

const clock = new VirtualClock(1_000);
const limits = { timeoutMs: 5_000 };
const baseUrl = 'https://api.example.com';

describe('a health check of all regions', () => {
  it('probes each endpoint once, all of them before the first answer', async () => {
    const waiting: (() => void)[] = [];
    const { probe, asked } = scriptedProbe(
      () => new Promise((resolve) => waiting.push(() => resolve(answered({ activeWorkers: 2, queueDepth: 3 })))),
    );
    const looking = probeRegions({ regions: [aRegion('a'), aRegion('b')], baseUrl }, limits, { probe, clock });
    await Promise.resolve();
    expect(asked).toEqual(['http://a/', 'http://b/']);
    for (const answer of waiting) answer();
    const well = { status: 'healthy', latencyMs: 20, activeWorkers: 2, queueDepth: 3, since: 1_000, error: null };
    expect((await looking).regions).toEqual([
      { region: 'a', ...well },
      { region: 'b', ...well },
    ]);
  });

  it('reports unhealthy after one failure, because it has no history', async () => {
    const { probe } = scriptedProbe((url) => (url === 'http://a/' ? refused('HTTP 503') : answered()));
    const { regions } = await probeRegions({ regions: [aRegion('a'), aRegion('b')], baseUrl }, limits, {
      probe,
      clock,
    });
    expect(regions.map(({ status, error }) => [status, error])).toEqual([
      ['unhealthy', 'HTTP 503'],
      ['healthy', null],
    ]);
  });

  it('does not probe a region without an endpoint, and reports it as unknown', async () => {
    const { probe, asked } = scriptedProbe(() => answered());
    const regions = [aRegion('a', { health: null })];
    const report = await probeRegions({ regions, baseUrl }, limits, { probe, clock });
    expect(asked).toEqual([]);
    expect(report.regions).toMatchObject([{ region: 'a', status: 'unknown', error: 'has no health endpoint' }]);
  });

  it('never counts a failure of the service against a region', async () => {
    const { probe } = scriptedProbe(
      () => answered(),
      () => unreachable,
    );
    const report = await probeRegions({ regions: [aRegion('a')], baseUrl }, limits, { probe, clock });
    expect(report.regions.map(({ status }) => status)).toEqual(['healthy']);
    expect(report.api).toEqual(unreachable);
    expect(report.note).toContain('does not affect the status of the regions');
  });
});
