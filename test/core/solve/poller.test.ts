import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/adapters/virtual/seeded-random.ts';
import { VirtualClock } from '../../../src/adapters/virtual/virtual-clock.ts';
import { pollUntilDone, type PollResult, type PollEvent } from '../../../src/core/solve/poller.ts';
import type { PollAnswer } from '../../../src/ports/api.ts';
import { aFault } from '../../support/builders.ts';
import { type Call, notReady, ready, type Script, ScriptedApi } from '../../support/scripted-api.ts';
import { usualTiming, wellBehaved } from '../../support/solver-harness.ts';

interface EndedPolling {
  readonly collected: PollResult;
  readonly polls: readonly Call[];
  readonly events: readonly PollEvent[];
  readonly endedMs: number;
}

async function collecting(script: Script<PollAnswer>, deadlineAtMs = 300_000, seed = 1): Promise<EndedPolling> {
  const clock = new VirtualClock();
  const api = new ScriptedApi({ ...wellBehaved, polls: () => script }, { clock });
  const events: PollEvent[] = [];
  const report = (event: PollEvent): void => void events.push(event);
  const pollRequest = { captchaId: 't1-1', timing: usualTiming, planMs: [], deadlineAtMs, report };
  const collected = pollUntilDone(pollRequest, { api, clock, random: seededRandom(seed) });
  await clock.run();
  return { collected: await collected, polls: api.polls, events, endedMs: clock.nowMs() };
}

const reset = { latencyMs: 50, fault: aFault() };
const pending = { latencyMs: 80, answer: notReady };
const there = { latencyMs: 80, answer: ready };

/** From the end of each poll to the next one, the first wait left out. */
function pauses(polls: readonly Call[]): number[] {
  return polls.slice(1).map(({ sentMs }, index) => sentMs - polls[index]!.endedMs);
}

describe('pollUntilDone', () => {
  it('looks for the first time after the first wait, and again until the solution is there', async () => {
    const { collected, polls, events } = await collecting([pending, pending, there]);
    expect(collected.end).toMatchObject({ solution: { text: 'token' } });
    expect(polls[0]?.sentMs).toBe(15_000);
    expect(polls).toHaveLength(3);
    expect(events.map(({ type }) => type)).toEqual(['polling', 'not-ready', 'not-ready']);
    expect(events[0]).toMatchObject({ captchaId: 't1-1', inMs: 15_000 });
  });

  it('keeps the round trips of answered polls, and counts the others', async () => {
    const { collected } = await collecting([pending, reset, reset, there]);
    expect(collected).toMatchObject({ pollMs: [80, 80], pollFaultCount: 2 });
  });

  it.each([
    ['transport', aFault()],
    ['timeout', aFault({ kind: 'timeout' })],
    ['throttled', aFault({ kind: 'throttled', code: 'ERROR: 1003' })],
  ] as const)('rides over %s faults on the same id', async (_kind, fault) => {
    const { collected, polls, events } = await collecting([{ fault }, { fault }, { fault }, there]);
    expect(collected.end).toMatchObject({ solution: { text: 'token' } });
    expect(new Set(polls.map(({ captchaId }) => captchaId))).toEqual(new Set(['t1-1']));
    expect(events.slice(1)).toEqual(
      Array.from({ length: 3 }, () => ({ type: 'poll-fault', captchaId: 't1-1', fault })),
    );
  });

  it.each([
    ['unsolvable', aFault({ kind: 'unsolvable' })],
    ['rejected', aFault({ kind: 'rejected' })],
    ['account', aFault({ kind: 'account' })],
  ] as const)('ends at the first %s fault', async (_kind, fault) => {
    const { collected, polls } = await collecting([pending, { fault }, there]);
    expect(collected.end).toEqual({ fault });
    expect(polls).toHaveLength(2);
  });

  it('looks less often and less regularly while polls fail, and as before when they are answered again', async () => {
    const tries = Array.from({ length: 200 }, (_, seed) =>
      collecting([pending, reset, reset, reset, pending, there], 300_000, seed),
    );
    const all = (await Promise.all(tries)).map(({ polls }) => pauses(polls));
    const longest = [0, 1, 2, 3, 4].map((index) => Math.max(...all.map((pausesMs) => pausesMs[index]!)));
    const shortest = Math.min(...all.flat());
    expect(shortest).toBeGreaterThanOrEqual(4_650);
    expect(longest[0]).toBeLessThanOrEqual(5_250);
    [10_000, 20_000, 30_000].forEach((boundMs, index) => {
      expect(longest[index + 1]).toBeLessThanOrEqual(boundMs);
      expect(longest[index + 1]).toBeGreaterThan(boundMs * 0.9);
    });
    expect(longest[4]).toBeLessThanOrEqual(5_250);
  });

  it('does not look sooner than the service asks, and not all at the same moment after that', async () => {
    const banned = { fault: aFault({ kind: 'throttled', code: 'ERROR: 1005', retryAfterMs: 60_000 }) };
    const tries = Array.from({ length: 50 }, (_, seed) => collecting([banned, there], 300_000, seed));
    const waits = (await Promise.all(tries)).map(({ polls }) => pauses(polls)[0]!);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(60_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(65_000);
    expect(new Set(waits).size).toBe(50);
  });

  it('takes a last look a second before the deadline, then leaves the id as it is', async () => {
    const { collected, polls, endedMs } = await collecting([pending], 60_000);
    expect(polls.at(-1)?.sentMs).toBe(59_000);
    expect(collected.end).toMatchObject({
      fault: { kind: 'timeout', message: expect.stringContaining('t1-1') as string },
    });
    expect(endedMs).toBeLessThanOrEqual(60_000);
  });

  it('gives a poll the time that is left and no more', async () => {
    const { polls, endedMs } = await collecting([{ latencyMs: 1_000_000, answer: ready }], 60_000);
    expect(polls.map(({ sentMs, timeLeftMs }) => sentMs + timeLeftMs)).toEqual([60_000]);
    expect(endedMs).toBe(60_000);
  });

  it('looks once however little time is left, since it is paid for', async () => {
    const { collected, polls } = await collecting([there], 900);
    expect(polls.map(({ sentMs }) => sentMs)).toEqual([0]);
    expect(collected.end).toMatchObject({ solution: { text: expect.any(String) as string } });
  });

  it('passes on when the service wants to be asked again', async () => {
    const banned = { fault: aFault({ kind: 'throttled', retryAfterMs: 600_000 }) };
    const { collected } = await collecting([banned]);
    expect(collected.end).toMatchObject({ fault: { kind: 'timeout', retryAfterMs: 600_000 } });
  });

  it('takes a solution to be as old as the poll before', async () => {
    const usual = await collecting([pending, there]);
    const last = await collecting([pending, there], 19_000);
    const ageMs = ({ collected, endedMs }: EndedPolling): number =>
      endedMs - ('solvedAt' in collected.end ? collected.end.solvedAt : 0);
    expect(ageMs(usual)).toBe(usual.endedMs - usual.polls[0]!.sentMs);
    expect(ageMs(last)).toBe(3_080);
  });

  it('does not hide a bug behind a fault', async () => {
    const clock = new VirtualClock();
    const api = { submit: () => Promise.resolve('t1-1'), poll: () => Promise.reject(new TypeError('a bug')) };
    const pollRequest = {
      captchaId: 't1-1',
      timing: usualTiming,
      planMs: [],
      deadlineAtMs: 300_000,
      report: () => undefined,
    };
    const collected = pollUntilDone(pollRequest, { api, clock, random: seededRandom(1) });
    await Promise.all([expect(collected).rejects.toThrow(TypeError), clock.run()]);
  });
});
