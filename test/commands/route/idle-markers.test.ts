import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/adapters/virtual/virtual-clock.ts';
import { withIdleMarkers } from '../../../src/commands/route/route-urls.ts';
import type { Clock } from '../../../src/ports/system.ts';

/** Values with these delays before them. */
async function* slow(clock: Clock, ...delaysMs: readonly number[]) {
  for (const delayMs of delaysMs) {
    await clock.sleep(delayMs);
    yield delayMs;
  }
}

async function taken(delaysMs: readonly number[], isWaiting = true) {
  const clock = new VirtualClock();
  const values: (number | null)[] = [];
  const reading = (async () => {
    for await (const value of withIdleMarkers(slow(clock, ...delaysMs), { clock, isWaiting: () => isWaiting })) {
      values.push(value);
    }
  })();
  await clock.run();
  await reading;
  return values;
}

describe('the pauses of an input', () => {
  it('are reported once each, before the late value', async () => {
    expect(await taken([5, 5_000, 5, 200])).toEqual([5, null, 5_000, 5, null, 200]);
  });

  it('are not measured without a waiting reader', async () => {
    expect(await taken([5, 5_000], false)).toEqual([5, 5_000]);
  });
});
