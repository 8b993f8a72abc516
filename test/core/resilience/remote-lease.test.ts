import { describe, expect, it } from 'vitest';
import { type FleetEntry, RemoteLease } from '../../../src/core/resilience/remote-lease.ts';

const counts = { accepted: 0, refused: 0 };
const answer: FleetEntry & { type: 'fleet-heard' } = {
  ...{ type: 'fleet-heard', asked: true, refused: 0, balance: 9 },
  ...{ surplus: 0, untilMs: 0, tokenAtMs: 0 },
};

describe('RemoteLease', () => {
  it('spends leased tokens, and none after the lease has ended', () => {
    const ledger = new RemoteLease();
    ledger.apply({ ...answer, surplus: 2, untilMs: 2_000 }, counts, 10);
    expect(ledger.apply({ type: 'spend', task: 't' }, counts, 1_999)).toEqual({ granted: true, waitMs: 0, balance: 9 });
    expect(ledger.leased(1_999)).toBe(1);
    expect(ledger.apply({ type: 'spend', task: 't' }, counts, 2_000)).toMatchObject({ granted: false });
  });

  it('ends two leases with the first of them', () => {
    const ledger = new RemoteLease();
    ledger.apply({ ...answer, surplus: 2, untilMs: 2_000 }, counts, 10);
    ledger.apply({ ...answer, surplus: 1, untilMs: 3_000 }, counts, 1_000);
    expect([ledger.leased(1_999), ledger.leased(2_000)]).toEqual([3, 0]);
  });

  it('does not extend a lease by syncs without tokens', () => {
    const ledger = new RemoteLease();
    ledger.apply({ ...answer, surplus: 2, untilMs: 2_000 }, counts, 10);
    ledger.apply({ ...answer, untilMs: 3_000 }, counts, 1_000);
    expect([ledger.leased(1_999), ledger.leased(2_000)]).toEqual([2, 0]);
  });

  it('hands over unsynced counts once', () => {
    const ledger = new RemoteLease();
    expect(ledger.apply({ type: 'fleet-talk' }, { accepted: 5, refused: 2 }, 0)).toEqual({ accepted: 5, refused: 2 });
    expect(ledger.apply({ type: 'fleet-talk' }, { accepted: 6, refused: 2 }, 0)).toEqual({ accepted: 1, refused: 0 });
  });

  it('does not report its own refusals to the fleet', () => {
    const ledger = new RemoteLease();
    ledger.apply({ ...answer, refused: 3 }, counts, 0);
    expect(ledger.owed({ accepted: 0, refused: 4 })).toEqual({ accepted: 0, refused: 1 });
  });

  it.each([
    ['a token comes soon', 400, 399, { retryInMs: 1 }],
    ['it has come', 400, 400, null],
    ['it comes late, for a second', 9_000, 999, { retryInMs: 8_001 }],
    ['it comes late, not longer: others may have paid for one', 9_000, 1_000, null],
    ['none comes by time', null, 999, { retryInMs: null }],
  ])('trusts the fleet that there is no token: %s', (_what, tokenAtMs, nowMs, expected) => {
    const ledger = new RemoteLease();
    ledger.apply({ ...answer, tokenAtMs }, counts, 0);
    expect(ledger.emptiness(nowMs)).toEqual(expected);
  });

  it('lets one process test whether the fleet is back', () => {
    const ledger = new RemoteLease();
    ledger.apply({ type: 'fleet-away', why: 'gone', forMs: 1_000 }, counts, 0);
    expect([ledger.maySync(999), ledger.maySync(1_000)]).toEqual([false, true]);
    ledger.apply({ type: 'fleet-talk' }, counts, 1_000);
    expect([ledger.maySync(2_999), ledger.maySync(3_000)], 'unless it is killed').toEqual([false, true]);
    ledger.apply(answer, counts, 1_100);
    expect(ledger.maySync(1_100)).toBe(true);
  });

  it('is restored as it was', () => {
    const [ledger, copy] = [new RemoteLease(), new RemoteLease()];
    ledger.apply({ ...answer, surplus: 2, untilMs: 2_000 }, counts, 10);
    copy.restore(JSON.parse(JSON.stringify(ledger.snapshot())) as ReturnType<RemoteLease['snapshot']>);
    expect(copy.snapshot()).toEqual(ledger.snapshot());
  });
});
