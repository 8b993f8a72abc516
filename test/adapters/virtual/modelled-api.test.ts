import { describe, expect, it } from 'vitest';
import { ThrashingApi, ModelledApi } from '../../../src/adapters/virtual/modelled-api.ts';
import { seededRandom } from '../../../src/adapters/virtual/seeded-random.ts';
import { VirtualClock } from '../../../src/adapters/virtual/virtual-clock.ts';
import type { SolverApi } from '../../../src/ports/api.ts';
import type { ServiceModel, ModelledReply } from '../../../src/ports/simulation.ts';
import { aTask } from '../../support/builders.ts';

const limits = { timeLeftMs: 60_000 };
const well: ServiceModel = { outage: null, roundTripMs: [100, 100], solveMs: [5_000, 5_000], capacity: null };

function deps() {
  const replies: ModelledReply[] = [];
  const clock = new VirtualClock();
  const watch = {
    submission: (reply: ModelledReply) => replies.push(reply),
    poll: () => undefined,
    solved: () => undefined,
  };
  return { clock, random: seededRandom(1), watch, replies };
}

/** Submits at a fixed interval, and counts the results. */
async function load(api: SolverApi, { clock, replies }: ReturnType<typeof deps>, everyMs: number) {
  for (let at = 0; at < 200; at += 1) {
    void api.submit(aTask(), limits).catch(() => undefined);
    await clock.advance(everyMs);
  }
  const count = (reply: ModelledReply): number => replies.filter((each) => each === reply).length;
  return { accepted: count('accepted'), busy: count('busy'), failed: count('failed') };
}

describe('the modelled service', () => {
  it('accepts after a round trip, and has the solution when the solve time is over', async () => {
    const parts = deps();
    const api = new ModelledApi(well, parts);
    const submitted = api.submit();
    await parts.clock.run();
    expect(await submitted).toBe('1');
    const early = api.poll('1');
    await parts.clock.advance(6_000);
    expect(await early).toEqual({ ready: false });
    const late = api.poll('1');
    await parts.clock.run();
    expect(await late).toMatchObject({ ready: true });
  });

  it('fails every submission of the outage, and none before or after', async () => {
    const parts = deps();
    const api = new ModelledApi({ ...well, outage: { fromMs: 5_000, toMs: 10_000 } }, parts);
    expect(await load(api, parts, 100)).toEqual({ accepted: 150, busy: 0, failed: 50 });
  });

  it.each([
    ['serves what it has room for', 200, { accepted: 200, busy: 0, failed: 0 }],
    ['refuses what is more', 125, { busy: expect.any(Number) as number, failed: 0 }],
    ['collapses under twice that', 20, { failed: expect.any(Number) as number }],
  ])('%s', async (_name, everyMs, expected) => {
    const parts = deps();
    const api = new ModelledApi({ ...well, capacity: { perSecond: 6, collapseRatio: 2 } }, parts);
    const counts = await load(api, parts, everyMs);
    expect(counts).toMatchObject(expected);
    if (everyMs < 200) expect(counts.accepted).toBeLessThan(190);
    if (everyMs === 20) expect(counts.failed).toBeGreaterThan(counts.accepted);
  });
});

describe('a service that slows down under load', () => {
  const model = { serviceMs: 1_000, contentionMs: 10, networkMs: 0, timeoutMs: 3_000 };

  it.each([
    [1, 0],
    [150, 0],
    [300, 101],
  ])('with %d concurrent requests lets %d of them time out', async (count, failed) => {
    const parts = deps();
    const api = new ThrashingApi(model, parts);
    const all = Array.from({ length: count }, () => api.submit().catch(() => null));
    await parts.clock.run();
    expect((await Promise.all(all)).filter((id) => id === null)).toHaveLength(failed);
    expect(parts.replies.filter((reply) => reply === 'failed')).toHaveLength(failed);
  });

  it('continues with requests whose clients have left', async () => {
    const parts = deps();
    const api = new ThrashingApi(model, parts);
    for (let client = 0; client < 400; client += 1) void api.submit().catch(() => null);
    await parts.clock.advance(3_000);
    const late = api.submit().catch(() => null);
    await parts.clock.run();
    expect(await late).toBeNull();
  });
});
