import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/adapters/system/system-clock.ts';
import { collectResults } from '../../../src/core/fleet/collect-results.ts';
import { withTimeLimit } from '../../../src/domain/time-limit.ts';
import { aWorker, FleetWorld } from '../../support/fleet-harness.ts';
import { ScriptedApi } from '../../support/scripted-api.ts';
import { wellBehaved } from '../../support/solver-harness.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const dayMs = 86_400_000;
/** What a process may grow by in a day. Before, an idle worker took 24 MB and a reader 48 MB. */
const maxGrowth = 1.5 * 1024 * 1024;

async function heapBytes(): Promise<number> {
  // Weak references are cleared after the turn in which they were read.
  for (let turn = 0; turn < 3; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
  }
  return process.memoryUsage().heapUsed;
}

/** How much the heap grows while `more` runs a second time. */
async function growthOf(more: () => Promise<unknown>): Promise<number> {
  await more();
  const before = await heapBytes();
  await more();
  return (await heapBytes()) - before;
}

describe('a process that runs for days', () => {
  it('does not grow as an idle worker', async () => {
    const world = new FleetWorld();
    const api = new ScriptedApi(wellBehaved, { clock: world.clock });
    const { worker, interrupt } = aWorker({ world, api, options: { exitWhenIdleMs: null } });
    const running = worker.run();
    expect(await growthOf(() => world.clock.advance(dayMs))).toBeLessThan(maxGrowth);
    interrupt.abort();
    await world.clock.run();
    expect((await running).reason).toBe('interrupted');
  });

  it('does not grow as a reader of results', async () => {
    const world = new FleetWorld();
    const stop = new AbortController();
    const reader = world.results.reader('run-a');
    const deps = { reader, clock: world.clock, signal: stop.signal, onUnavailable: () => undefined };
    const reading = collectResults({ follow: true }, { ...deps, write: async () => undefined });
    expect(await growthOf(() => world.clock.advance(dayMs))).toBeLessThan(maxGrowth);
    stop.abort();
    await world.clock.run();
    expect(await reading).toBe(0);
  });

  it('does not grow by limits of time that end early', async () => {
    const { signal } = new AbortController();
    const limited = async (): Promise<void> => {
      for (let count = 0; count < 30_000; count += 1) {
        await withTimeLimit(Promise.resolve(count), { ms: 60_000, signal }, systemClock);
      }
    };
    expect(await growthOf(limited)).toBeLessThan(maxGrowth);
  });
});
