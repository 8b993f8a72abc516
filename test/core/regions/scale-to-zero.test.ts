import { describe, expect, it } from 'vitest';
import { ScaleToZeroDetector } from '../../../src/core/regions/scale-to-zero.ts';
import type { ProbeResult, RegionProbe } from '../../../src/ports/api.ts';

const silence: ProbeResult = { answered: false, latencyMs: null, error: 'connection refused', nothingListens: true };
const fine: ProbeResult = {
  answered: true,
  latencyMs: 3,
  answer: { status: 'healthy', activeWorkers: 2, queueDepth: 0 },
};
const asleep = (queueDepth: number): unknown => ({ answered: true, answer: { activeWorkers: 0, queueDepth } });

interface Look {
  readonly says: ProbeResult;
  readonly waiting: number | null;
  readonly inFlight?: number;
}

async function lookAt(looks: readonly Look[]): Promise<readonly ProbeResult[]> {
  let look = looks[0]!;
  const probe: RegionProbe = {
    probeRegion: async () => look.says,
    probeApi: async () => ({ reachable: true, latencyMs: 1, error: null }),
  };
  const regions = new ScaleToZeroDetector(probe, async () => {
    const { waiting, inFlight = 0 } = look;
    return waiting === null ? null : { waiting, inFlight, oldestAgeMs: null, dead: 0 };
  });
  const results: ProbeResult[] = [];
  for (look of looks) results.push(await regions.probeRegion('http://a/health', { timeoutMs: 1_000 }));
  return results;
}

describe('a region that fails in another way', () => {
  it.each<ProbeResult>([
    { answered: false, latencyMs: 3, error: 'HTTP 503' },
    { answered: false, latencyMs: null, error: 'timed out after 5s' },
    { answered: false, latencyMs: null, error: 'connection reset' },
    { answered: false, latencyMs: null, error: 'the host name does not resolve' },
  ])('is what its probe says, whatever its queue: %j', async (failure) => {
    expect(await lookAt([{ says: failure, waiting: 0 }])).toEqual([failure]);
  });
});

describe('a region at which nothing listens', () => {
  it.each<[string, readonly Look[], unknown]>([
    ['sleeps where nothing waits', [{ says: silence, waiting: 0 }], asleep(0)],
    ['may be waking up where something waits', [{ says: silence, waiting: 3 }], asleep(3)],
    ['is silent where nobody can look at its queue', [{ says: silence, waiting: null }], silence],
    [
      'has died where it answered before and tasks wait',
      [
        { says: fine, waiting: 0 },
        { says: silence, waiting: 3 },
      ],
      silence,
    ],
    ['has died where its tasks are held', [{ says: silence, waiting: 0, inFlight: 2 }], silence],
    [
      'is not asleep once its tasks were taken away',
      [
        { says: silence, waiting: 3 },
        { says: silence, waiting: 0 },
      ],
      silence,
    ],
    [
      'sleeps again after it was seen awake',
      [
        { says: silence, waiting: 3 },
        { says: fine, waiting: 0 },
        { says: silence, waiting: 0 },
      ],
      asleep(0),
    ],
  ])('%s', async (_name, looks, expected) => {
    expect((await lookAt(looks)).at(-1)).toMatchObject(expected as object);
  });

  it('does not matter if the region answers', async () => {
    expect(await lookAt([{ says: fine, waiting: 9 }])).toEqual([fine]);
  });
});
