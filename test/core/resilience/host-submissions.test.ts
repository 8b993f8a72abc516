import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/adapters/virtual/seeded-random.ts';
import { VirtualClock } from '../../../src/adapters/virtual/virtual-clock.ts';
import { HostResilience } from '../../../src/core/resilience/host-resilience.ts';
import { HostSubmissions, ProcessSubmissions } from '../../../src/core/resilience/host-submissions.ts';
import type { StateCommand, StateReply } from '../../../src/core/resilience/resilience-state.ts';
import type { SubmissionLimit } from '../../../src/ports/submissions.ts';
import { MemoryLog } from '../../support/memory-log.ts';
import { usualBreaker, usualBudget } from '../../support/solver-harness.ts';

const perHour = (count: number): SubmissionLimit => ({ label: null, count, windowMs: 3_600_000 });
const options = { budget: usualBudget, breaker: usualBreaker };

/** Processes that share a log, each with its own limits. */
function aHost() {
  const clock = new VirtualClock();
  const nowMs = (): number => clock.nowMs();
  const log = new MemoryLog<StateCommand, StateReply>(nowMs);
  const warnings: string[] = [];
  const warn = (message: string): void => void warnings.push(message);
  const open = (name: string, limits: readonly SubmissionLimit[], label: string | null = null) => {
    const random = seededRandom(1);
    const host = new HostResilience(options, { openLog: (state) => log.open(name, state), nowMs, clock, random, warn });
    const gate = new HostSubmissions({ limits, label }, { host, nowMs, warn });
    /** Asks as the admission gate does. */
    const check = (): ReturnType<typeof gate.check> => {
      void host.retryAfterGate.leftMs();
      return gate.check();
    };
    return { host, gate, check };
  };
  return { clock, log, warnings, open };
}

describe('the limits of a host', () => {
  it('bind all processes together, those without limits too', () => {
    const { open, warnings } = aHost();
    const [a, b] = [open('a', [perHour(3)]), open('b', [])];
    const sent = [a, b, b, b, a].map(({ gate, check }) => check() === null && gate.count('t').counted);
    expect(sent).toEqual([true, true, true, false, false]);
    expect(a.check()).toMatchObject({ reason: 'limit-reached', limit: perHour(3) });
    expect(warnings, 'b has no limits').toHaveLength(1);
  });

  it('write nothing where there are none', () => {
    const { open, log } = aHost();
    const { gate } = open('a', []);
    expect([gate.check(), gate.count('1')]).toEqual([null, { counted: true, atMs: null }]);
    expect(log.written).toEqual([]);
  });

  it('apply as the strictest process has them, which the others say once', () => {
    const { open, warnings } = aHost();
    const [a, b] = [open('a', [perHour(1)]), open('b', [perHour(5)])];
    a.gate.count('1');
    expect(b.gate.count('2').counted).toBe(false);
    b.gate.count('3');
    expect(warnings).toEqual([expect.stringContaining('stricter limits of submissions')]);
  });

  it('are written again after a process of an earlier version has dropped them', () => {
    const { open } = aHost();
    const { host, gate } = open('a', [perHour(2)]);
    gate.count('1');
    const earlier = { ...host.look().snapshot() };
    delete earlier.rules;
    host.look().restore(earlier);
    gate.count('2');
    expect(host.look().rules.uses(0)).toMatchObject([{ count: 2, used: 1 }]);
  });

  it('do not count what is given back', () => {
    const { open } = aHost();
    const { gate } = open('a', [perHour(1)]);
    const first = gate.count('1');
    expect(first).toEqual({ counted: true, atMs: 0 });
    gate.giveBack(0);
    expect(gate.check()).toBeNull();
  });

  it('survive a reset of the budget', () => {
    const { open } = aHost();
    const { host, gate } = open('a', [perHour(1)]);
    gate.count('1');
    host.append([{ type: 'reset', options: { ...options, limits: [perHour(1)] } }]);
    expect(gate.count('2').counted).toBe(false);
    host.append([{ type: 'reset', options: { ...options, limits: [perHour(2)] } }]);
    expect(gate.count('3').counted).toBe(true);
  });
});

describe('a hold of a host', () => {
  it('stops all its processes at their next look, and survives a reset', () => {
    const { open } = aHost();
    const [a, b] = [open('a', []), open('b', [])];
    a.host.append([{ type: 'hold', since: 2, by: 'ada', why: '', forMs: null }]);
    a.host.append([{ type: 'reset', options }]);
    expect(b.check()).toMatchObject({ reason: 'held', hold: { by: 'ada' } });
    a.host.append([{ type: 'release', since: 2, by: 'ada' }]);
    expect(b.check()).toBeNull();
  });
});

describe('the limits of a process that shares nothing', () => {
  it('count its own submissions', () => {
    const gate = new ProcessSubmissions({ limits: [perHour(1)], label: null }, { nowMs: () => 5 });
    expect(gate.count('1')).toEqual({ counted: true, atMs: 5 });
    expect(gate.check()).toMatchObject({ reason: 'limit-reached' });
    gate.giveBack(5);
    expect(gate.check()).toBeNull();
  });
});
