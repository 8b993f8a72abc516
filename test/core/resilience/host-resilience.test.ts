import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/adapters/virtual/seeded-random.ts';
import { VirtualClock } from '../../../src/adapters/virtual/virtual-clock.ts';
import { HostResilience } from '../../../src/core/resilience/host-resilience.ts';
import {
  type StateReply,
  type StateCommand,
  type ResilienceOptions,
  ResilienceState,
} from '../../../src/core/resilience/resilience-state.ts';
import { StateLogError } from '../../../src/domain/errors.ts';
import type { Permit, CallResult } from '../../../src/ports/state.ts';
import { MemoryLog } from '../../support/memory-log.ts';
import { usualBreaker, usualBudget } from '../../support/solver-harness.ts';

const options: ResilienceOptions = {
  budget: { ...usualBudget, burst: 3 },
  breaker: { ...usualBreaker, consecutiveFailures: 3, unprovenLimit: 3 },
};
const now = { onExhausted: 'fail', maxWaitMs: 0, taskId: 't1' } as const;

type Log = MemoryLog<StateCommand, StateReply>;

/** Processes `a`, `b` and so on that share a log. */
function aHost(names: readonly string[], special: Partial<ResilienceOptions> = {}) {
  const clock = new VirtualClock();
  const nowMs = (): number => clock.nowMs();
  const log: Log = new MemoryLog(nowMs);
  const warnings: string[] = [];
  const open = (name: string, own = special): HostResilience =>
    new HostResilience(
      { ...options, ...own },
      {
        openLog: (state) => log.open(name, state),
        ...{ nowMs, clock, random: seededRandom(1), warn: (message) => void warnings.push(message) },
      },
    );
  return { clock, log, warnings, open, processes: names.map((name) => open(name)) };
}

async function pass(protection: HostResilience): Promise<Permit> {
  const admission = await protection.breaker.tryAcquire();
  if (!admission.admitted) throw new Error('not admitted');
  return admission.permit;
}

describe('HostResilience', () => {
  it('answers callers after close, and does not use the log any more', async () => {
    const { log, warnings, processes } = aHost(['a'], { breaker: usualBreaker });
    const [a] = processes as [HostResilience];
    await pass(a);
    a.close();
    const written = log.written.length;
    expect(await a.budget.tryWithdraw(now)).toMatchObject({ granted: true });
    expect(await a.breaker.tryAcquire()).toMatchObject({ admitted: true });
    expect([log.written.length, warnings]).toEqual([written, []]);
  });

  it('writes one entry for the results of a short time, and nothing for reads', async () => {
    const { clock, log, processes } = aHost(['a'], { breaker: usualBreaker });
    const [a] = processes as [HostResilience];
    for (let count = 0; count < 1_000; count += 1) {
      await a.breaker.record(await pass(a), 'success');
      await a.budget.deposit();
    }
    expect(log.written).toEqual([]);
    await clock.advance(50);
    expect(log.written.map(({ entry }) => entry)).toMatchObject([
      { type: 'verdict', verdict: 'success', count: 1_000 },
      { type: 'tally', accepted: 1_000 },
    ]);
  });

  it('writes only the sum of refusals', async () => {
    const { clock, log, processes } = aHost(['a', 'b']);
    const [a, b] = processes as [HostResilience, HostResilience];
    for (let count = 0; count < 3; count += 1) await a.budget.tryWithdraw(now);
    const written = log.written.length;
    for (let count = 0; count < 100; count += 1) await b.budget.tryWithdraw(now);
    expect(log.written).toHaveLength(written);
    await clock.advance(50);
    expect(log.written.slice(written)).toMatchObject([
      { by: 'b', entry: { type: 'tally', budgetRefused: 100, task: 't1' } },
    ]);
  });

  it('writes the rest on close', async () => {
    const { log, processes } = aHost(['a']);
    const [a] = processes as [HostResilience];
    await a.budget.deposit();
    a.close();
    expect(log.written).toMatchObject([{ entry: { type: 'tally', accepted: 1 } }]);
  });

  it('applies a Retry-After to all', async () => {
    const { clock, processes } = aHost(['a', 'b']);
    const [a, b] = processes as [HostResilience, HostResilience];
    await a.retryAfterGate.extend(2_000);
    expect(await b.retryAfterGate.leftMs()).toBe(2_000);
    await clock.advance(1_500);
    expect(await b.retryAfterGate.leftMs()).toBe(500);
    await clock.advance(1_500);
    expect(await b.retryAfterGate.leftMs()).toBe(0);
  });

  it('takes the probe from a process that was killed or stopped, at once', async () => {
    const { clock, log, processes } = aHost(['a', 'b']);
    const [a, b] = processes as [HostResilience, HostResilience];
    for (let count = 0; count < 3; count += 1) await a.breaker.record(await pass(a), 'failure');
    await clock.advance(10_000);
    const dead = await pass(a);
    expect(await b.breaker.tryAcquire()).toMatchObject({ admitted: false });
    log.gone.add('a');
    await clock.advance(20);
    expect(await b.breaker.tryAcquire()).toMatchObject({ admitted: true, permit: { probe: true } });
    await a.breaker.record(dead, 'success');
    expect(await a.breaker.tryAcquire(), 'what a stopped one says later changes nothing').toMatchObject({
      admitted: false,
    });
  });

  it('keeps the settings of the first process, warns once, and takes others after an idle time', async () => {
    const { clock, log, warnings, open, processes } = aHost(['a']);
    const [a] = processes as [HostResilience];
    await a.budget.tryWithdraw(now);
    const other = { budget: { ...options.budget, burst: 50 } };
    const b = open('b', other);
    await b.budget.tryWithdraw(now);
    await b.budget.tryWithdraw(now);
    expect(warnings).toEqual([expect.stringContaining('settings differ')]);
    expect(log.written.some(({ entry }) => entry.type === 'configure')).toBe(false);
    await clock.advance(600_000);
    const withdrawal = await open('c', other).budget.tryWithdraw(now);
    expect(withdrawal).toMatchObject({ granted: true, balance: 49 });
    expect(warnings).toHaveLength(1);
  });

  it.each(['catchUp', 'append'] as const)('continues alone from its last state if %s loses the log', async (method) => {
    const { log, clock } = aHost([]);
    const warnings: string[] = [];
    let isLost = false;
    const a = new HostResilience(options, {
      openLog: (state) => {
        const opened = log.open('a', state);
        const failing = (): never => {
          throw new StateLogError('the disk is full');
        };
        return {
          ...opened,
          catchUp: () => (isLost && method === 'catchUp' ? failing() : opened.catchUp()),
          append: (entries) => (isLost && method === 'append' ? failing() : opened.append(entries)),
        };
      },
      nowMs: () => clock.nowMs(),
      ...{ clock, random: seededRandom(1), warn: (message: string) => void warnings.push(message) },
    });
    await a.budget.tryWithdraw(now);
    isLost = true;
    const granted = [];
    for (let count = 0; count < 5; count += 1) granted.push((await a.budget.tryWithdraw(now)).granted);
    expect(granted).toEqual([true, true, false, false, false]);
    expect(warnings).toEqual([
      expect.stringMatching(/^the disk is full; .*this process uses its own retry budget and breaker$/),
    ]);
  });
});

const step = fc.oneof(
  fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 4_000 }) }),
  fc.record({ do: fc.constant('enter' as const), who: fc.nat(3) }),
  fc.record({
    do: fc.constant('judge' as const),
    which: fc.nat(),
    verdict: fc.constantFrom<CallResult>('success', 'failure', 'failure', 'busy', 'abandoned'),
  }),
  fc.record({
    do: fc.constant('withdraw' as const),
    who: fc.nat(3),
    maxWaitMs: fc.constantFrom(0, 0, 2_000, Infinity),
  }),
);

describe('HostResilience, after a loss of the log', () => {
  /** A process whose log works as long as the test says so, and another that always has it. */
  function losing() {
    const { log, clock, open } = aHost([]);
    const warnings: string[] = [];
    const disk = { isFull: false };
    const guarded = <T>(work: () => T): T => {
      if (disk.isFull) throw new StateLogError('the disk is full');
      return work();
    };
    const process = new HostResilience(options, {
      openLog: (state) => {
        const opened = guarded(() => log.open('a', state));
        return {
          ...opened,
          catchUp: () => guarded(() => opened.catchUp()),
          append: (entries) => guarded(() => opened.append(entries)),
        };
      },
      nowMs: () => clock.nowMs(),
      ...{ clock, random: seededRandom(1), warn: (message: string) => void warnings.push(message) },
    });
    return { clock, disk, warnings, process, other: open('b') };
  }

  it('shares the budget again once the log works', async () => {
    const { clock, disk, warnings, process, other } = losing();
    await process.budget.tryWithdraw(now);
    disk.isFull = true;
    await process.budget.tryWithdraw(now);
    await clock.advance(60_000);
    expect(warnings).toHaveLength(1);
    disk.isFull = false;
    await clock.advance(15_000);
    while ((await other.budget.tryWithdraw(now)).granted);
    expect(await process.budget.tryWithdraw(now)).toMatchObject({ granted: false });
    expect(warnings.slice(1)).toEqual([expect.stringMatching(/^the log works again/)]);
  });

  it('has its first share of a log that could not be opened at the start', async () => {
    const { clock, disk, process, other } = losing();
    disk.isFull = true;
    await process.budget.tryWithdraw(now);
    while ((await other.budget.tryWithdraw(now)).granted);
    disk.isFull = false;
    expect(await process.budget.tryWithdraw(now)).toMatchObject({ granted: true });
    await clock.advance(15_000);
    while ((await other.budget.tryWithdraw(now)).granted);
    expect(await process.budget.tryWithdraw(now)).toMatchObject({ granted: false });
  });

  it('does not end the probe of another process by the result of its own', async () => {
    const { clock, disk, process, other } = losing();
    disk.isFull = true;
    const own = await pass(process);
    disk.isFull = false;
    const theirs = [await pass(other), await pass(other), await pass(other)];
    await clock.advance(15_000);
    expect(theirs.map(({ ticket }) => ticket)).toContain(own.ticket);
    await process.breaker.record(own, 'failure');
    expect(process.look().breaker.inFlight(clock.nowMs())).toHaveLength(3);
  });
});

describe('HostResilience, with any interleaving of processes', () => {
  it('has the same state everywhere, keeps the limit, and has one probe at a time', async () => {
    const history = fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
      const { clock, log, processes } = aHost(['a', 'b', 'c', 'd']);
      const passes: { pass: Permit; by: HostResilience }[] = [];
      for (const one of steps) {
        if (one.do === 'pass') await clock.advance(one.ms);
        else if (one.do === 'enter') {
          const by = processes[one.who]!;
          const admission = await by.breaker.tryAcquire();
          if (admission.admitted) passes.push({ pass: admission.permit, by });
        } else if (one.do === 'withdraw') {
          const onExhausted = one.maxWaitMs === 0 ? 'fail' : 'wait';
          await processes[one.who]!.budget.tryWithdraw({ onExhausted, maxWaitMs: one.maxWaitMs, taskId: 't' });
        } else if (passes.length > 0) {
          const [{ pass, by }] = passes.splice(one.which % passes.length, 1) as [(typeof passes)[0]];
          await by.breaker.record(pass, one.verdict);
        }
      }
      for (const each of processes) each.close();
      const whole = new ResilienceState(options, 0);
      const usesAtMs: number[] = [];
      for (const logged of log.written) {
        const copy = new ResilienceState(options, 0);
        copy.restore(JSON.parse(JSON.stringify(whole.snapshot())) as object);
        const answer = whole.apply(logged);
        expect(copy.apply(logged), 'a restored state goes on as the one it was taken of').toEqual(answer);
        expect(JSON.stringify(copy.snapshot())).toBe(JSON.stringify(whole.snapshot()));
        if (answer !== null && 'granted' in answer && answer.granted) usesAtMs.push(logged.atMs + answer.waitMs);
        if (whole.breaker.state === 'half-open')
          expect(whole.breaker.inFlight(logged.atMs).length).toBeLessThanOrEqual(1);
      }
      usesAtMs
        .sort((x, y) => x - y)
        .forEach((toMs, index) =>
          usesAtMs.slice(0, index + 1).forEach((fromMs, first) => {
            const { burst, maxRetriesPerSecond } = options.budget;
            expect(index - first + 1).toBeLessThanOrEqual(
              burst + (maxRetriesPerSecond * (toMs - fromMs)) / 1_000 + 1e-6,
            );
          }),
        );
    });
    await fc.assert(history, { numRuns: 150 });
  });
});
