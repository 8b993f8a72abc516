import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/adapters/virtual/virtual-clock.ts';
import { StatusRecord } from '../../../src/core/regions/status-history.ts';
import type { RegionHealth, RegionStatus } from '../../../src/domain/region.ts';
import type { SeenStatus, StatusHistory } from '../../../src/ports/state.ts';
import { aRegion } from '../resilience/support/probes.ts';

const hour = 3_600_000;

/** Looks at one region, each time as another command. */
function someLooks() {
  const clock = new VirtualClock(0);
  let kept: ReadonlyMap<string, SeenStatus> = new Map();
  let writes = 0;
  const history: StatusHistory = {
    read: () => kept,
    write: (seen) => {
      kept = new Map(seen);
      writes += 1;
    },
  };
  const open = () => new StatusRecord(history, [aRegion('eu'), aRegion('us', { health: null })], { clock });
  const healthOf = (region: string, status: RegionStatus): RegionHealth => ({
    ...{ region, status, since: clock.timestamp() },
    ...{ latencyMs: null, activeWorkers: null, queueDepth: null, error: null },
  });
  const look = (status: RegionStatus, record = open()) => record.apply([healthOf('eu', status)])[0]?.since;
  return { clock, look, open, healthOf, written: () => writes };
}

describe('since when a region has its status', () => {
  it('is the first of several looks that saw it', async () => {
    const { clock, look } = someLooks();
    expect(look('unhealthy')).toBe(0);
    await clock.advance(hour);
    expect(look('unhealthy')).toBe(0);
    await clock.advance(23 * hour);
    expect(look('unhealthy')).toBe(0);
  });

  it('is now after a change, and after a day without a look', async () => {
    const { clock, look } = someLooks();
    look('unhealthy');
    await clock.advance(hour);
    expect(look('healthy')).toBe(hour);
    await clock.advance(hour);
    expect(look('unhealthy')).toBe(2 * hour);
    await clock.advance(24 * hour);
    expect(look('unhealthy')).toBe(26 * hour);
  });

  it('is not kept for a region that cannot be asked, nor for an unknown status', () => {
    const { open, healthOf, look, written } = someLooks();
    expect(open().apply([healthOf('us', 'unhealthy')])).toMatchObject([{ since: 0 }]);
    look('unknown');
    expect(written()).toBe(2);
  });

  it('is written at a change, and once a minute without one', async () => {
    const { clock, look, open, written } = someLooks();
    const watch = open();
    for (let second = 0; second < 120; second += 1) {
      look(second < 90 ? 'healthy' : 'unhealthy', watch);
      await clock.advance(1_000);
    }
    expect(written()).toBe(3);
  });
});
