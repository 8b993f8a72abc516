import { describe, expect, it } from 'vitest';
import { FleetSubmissionGate } from '../../../src/core/resilience/fleet-submissions.ts';
import { SubmissionRules } from '../../../src/core/resilience/submission-rules.ts';
import { RemoteUnavailableError } from '../../../src/domain/errors.ts';
import type { FleetSubmissions, SubmissionLimit } from '../../../src/ports/submissions.ts';

const perHour = (count: number): SubmissionLimit => ({ label: null, count, windowMs: 3_600_000 });

/** A fleet in memory that counts its requests and can be away. */
function aFleet() {
  const rules = new SubmissionRules();
  const fleet = { nowMs: 0, isAway: false, losesAnswers: false, looks: 0, counts: 0 };
  const tickets = new Set<string>();
  const asked = (): void => {
    if (fleet.isAway) throw new RemoteUnavailableError('redis is away');
  };
  const remote: FleetSubmissions = {
    look: async () => {
      fleet.looks += 1;
      asked();
      return { hold: rules.holdAt(fleet.nowMs), limits: rules.uses(fleet.nowMs) };
    },
    count: async (limits, who, ticket = '') => {
      asked();
      rules.apply({ type: 'limits', since: 2, limits }, fleet.nowMs);
      if (tickets.has(ticket)) return { counted: true, atMs: 0 };
      const result = rules.apply({ type: 'submit', since: 2, ...who, task: 't' }, fleet.nowMs);
      if (result?.counted === true) tickets.add(ticket);
      if (fleet.losesAnswers) throw new RemoteUnavailableError('no answer');
      return result ?? { counted: true, atMs: null };
    },
    giveBack: async (who, atMs) => {
      asked();
      rules.apply({ type: 'unsubmit', since: 2, ...who, atMs }, fleet.nowMs);
    },
    hold: async (hold) => void rules.apply({ type: 'hold', since: 2, ...hold }, fleet.nowMs),
    release: async () => rules.apply({ type: 'release', since: 2, by: 'ada' }, fleet.nowMs) === null,
    replaceLimits: async (limits) => rules.replace(limits),
    close: () => undefined,
  };
  const warnings: string[] = [];
  const host = new SubmissionRules();
  const deps = {
    open: async () => remote,
    newTicket: () => String((fleet.counts += 1)),
    hostHold: () => host.holdOnlyHere(fleet.nowMs),
    nowMs: () => fleet.nowMs,
    warn: (text: string) => void warnings.push(text),
  };
  const open = (limits: readonly SubmissionLimit[] = []): FleetSubmissionGate =>
    new FleetSubmissionGate({ limits, label: null }, deps);
  return { fleet, host, remote, warnings, open };
}

const hold = { by: 'ada on web-1', why: '', forMs: null };

describe('the gate of a fleet', () => {
  it('asks at most twice a second, and learns of a hold and its end in that time', async () => {
    const { fleet, remote, open } = aFleet();
    const gate = open();
    for (let count = 0; count < 10; count += 1) expect(await gate.check()).toBeNull();
    expect(fleet.looks).toBe(1);
    await remote.hold(hold);
    fleet.nowMs = 500;
    expect(await gate.check()).toMatchObject({ reason: 'held', hold: { by: 'ada on web-1' } });
    await remote.release();
    fleet.nowMs = 1_000;
    expect([await gate.check(), await gate.count()]).toEqual([null, { counted: true, atMs: null }]);
    expect(fleet).toMatchObject({ looks: 3, counts: 0 });
  });

  it('counts every submission of processes with limits, and of those that learn of them', async () => {
    const { fleet, open, warnings } = aFleet();
    const [a, b] = [open([perHour(2)]), open()];
    expect((await a.count()).counted).toBe(true);
    expect(await b.check()).toBeNull();
    expect((await b.count()).counted).toBe(true);
    expect((await a.count()).counted).toBe(false);
    expect(await a.check()).toMatchObject({ reason: 'limit-reached', limit: perHour(2) });
    expect(fleet.counts).toBe(3);
    expect(warnings).toEqual([expect.stringContaining('stricter limits')]);
  });

  it('submits nothing while the count is unknown, and everything else without waiting', async () => {
    const { fleet, open } = aFleet();
    const [limited, free] = [open([perHour(2)]), open()];
    fleet.isAway = true;
    await limited.check();
    expect(await limited.check()).toEqual({ reason: 'uncounted', why: 'redis is away', retryInMs: 1_000 });
    expect(await limited.count()).toMatchObject({ counted: false, refusal: { reason: 'uncounted' } });
    expect([await free.check(), await free.count()]).toEqual([null, { counted: true, atMs: null }]);
    fleet.isAway = false;
    fleet.nowMs = 1_000;
    await limited.check();
    await limited.close();
    expect(await limited.check()).toBeNull();
    expect((await limited.count()).counted).toBe(true);
  });

  it('keeps a hold that it knows while the fleet does not answer, as long as it lasts', async () => {
    const { fleet, remote, open } = aFleet();
    const gate = open();
    await remote.hold({ ...hold, forMs: 5_000 });
    await gate.check();
    fleet.isAway = true;
    for (fleet.nowMs = 600; fleet.nowMs < 5_000; fleet.nowMs += 600) {
      expect(await gate.check()).toMatchObject({ reason: 'held' });
    }
    fleet.nowMs = 5_000;
    expect(await gate.check()).toBeNull();
  });

  it('tells metrics what it knows, without a wait, and no limits while the fleet does not answer', async () => {
    const { fleet, remote, open } = aFleet();
    const gate = open([perHour(2)]);
    const answered = () => new Promise((resolve) => setImmediate(resolve));
    expect(gate.known()).toBeNull();
    await gate.count();
    await remote.hold({ ...hold, forMs: 5_000 });
    fleet.nowMs = 500;
    gate.known();
    await answered();
    fleet.nowMs = 900;
    const known = gate.known();
    expect(known).toMatchObject({ hold: { by: 'ada on web-1', leftMs: 4_100 }, limits: [{ count: 2, used: 1 }] });
    fleet.isAway = true;
    fleet.nowMs = 1_000;
    gate.known();
    await answered();
    expect(gate.known()).toMatchObject({ hold: { leftMs: 4_000 }, limits: null });
  });

  it('keeps the hold of its host alone, whether the fleet answers or not, and no other of the host', async () => {
    const { fleet, host, open } = aFleet();
    const gate = open();
    host.apply({ type: 'hold', since: 2, ...hold }, 0);
    expect(await gate.check()).toBeNull();
    host.apply({ type: 'hold', since: 2, ...hold, onlyHere: true }, 0);
    expect(await gate.check()).toMatchObject({ reason: 'held', hold: { onlyHere: true } });
    fleet.isAway = true;
    fleet.nowMs = 500;
    await gate.check();
    expect(await gate.check()).toMatchObject({ reason: 'held', hold: { onlyHere: true } });
    expect(gate.known()).toMatchObject({ hold: { onlyHere: true }, limits: null });
    host.apply({ type: 'release', since: 2, by: 'ada' }, 500);
    expect(await gate.check()).toBeNull();
  });

  it('does not stop for limits of others that do not concern it', async () => {
    const { fleet, open } = aFleet();
    const [found, other] = [open([{ ...perHour(1), found: 'f1' }]), open()];
    await found.count();
    expect([await other.check(), (await other.count()).counted]).toEqual([null, true]);
    fleet.isAway = true;
    fleet.nowMs = 500;
    expect([await other.check(), (await other.count()).counted]).toEqual([null, true]);
  });

  it('uses a count whose answer was lost for the next submission, although the limit is reached', async () => {
    const { fleet, open } = aFleet();
    const gate = open([perHour(1)]);
    fleet.losesAnswers = true;
    expect(await gate.count()).toMatchObject({ counted: false, refusal: { reason: 'uncounted' } });
    fleet.losesAnswers = false;
    fleet.nowMs = 1_000;
    await gate.check();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await gate.check()).toBeNull();
    expect((await gate.count()).counted).toBe(true);
    fleet.nowMs = 2_000;
    expect(await gate.check()).toMatchObject({ reason: 'limit-reached' });
  });

  it('gives a count back', async () => {
    const { open } = aFleet();
    const gate = open([perHour(1)]);
    const first = await gate.count();
    await gate.giveBack(first.counted ? (first.atMs ?? 0) : 0);
    expect((await gate.count()).counted).toBe(true);
  });
});
