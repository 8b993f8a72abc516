import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/domain/errors.ts';
import { Faults } from '../../src/sandbox/faults.ts';
import { readFaultMode } from '../../src/sandbox/fault-modes.ts';

const noFaults = { faults: [], outages: [], retryAfter: null, random: () => 0 };
const types = (faults: Faults, count: number, endpoint: 'submit' | 'poll' = 'submit') =>
  Array.from({ length: count }, () => faults.next(endpoint, 0)?.injection.type ?? null);

describe('a fault mode', () => {
  it.each([
    ['503', null, { type: 'status', status: 503 }],
    [429, null, { type: 'status', status: 429 }],
    ['submit/reset', 'submit', { type: 'reset' }],
    ['poll/reset-after', 'poll', { type: 'reset-after' }],
    ['ERROR_NO_SLOT_AVAILABLE', null, { type: 'code', code: 'ERROR_NO_SLOT_AVAILABLE' }],
    ['poll/ERROR: 1005', 'poll', { type: 'code', code: 'ERROR: 1005' }],
    ['CAPCHA_NOT_READY', null, { type: 'code', code: 'CAPCHA_NOT_READY' }],
    ['ERROR_OF_TOMORROW', null, { type: 'code', code: 'ERROR_OF_TOMORROW' }],
  ])('%s is valid', (mode, endpoint, injection) => {
    expect(readFaultMode(mode)).toEqual({ endpoint, injection });
  });

  it.each(['', '99', '600', 'RESET', 'solve/reset', 'submit/', '{"status":0,"request":"ERROR_X"}'])(
    '"%s" is invalid',
    (mode) => {
      expect(() => readFaultMode(mode)).toThrow(UsageError);
    },
  );
});

describe('a script', () => {
  it('is consumed in order, request by request', () => {
    const faults = new Faults(noFaults);
    faults.script({ mode: 'reset', times: 2 });
    faults.script({ mode: 'html', afterRequests: 1 });
    expect(types(faults, 5)).toEqual(['reset', 'reset', null, 'html', null]);
  });

  it('distinguishes the endpoints', () => {
    const faults = new Faults(noFaults);
    faults.script({ mode: 'reset', endpoint: 'poll' });
    faults.script({ mode: 'submit/empty' });
    expect(types(faults, 2)).toEqual(['empty', null]);
    expect(types(faults, 2, 'poll')).toEqual(['reset', null]);
  });

  it('includes its Retry-After', () => {
    const faults = new Faults(noFaults);
    faults.script({ mode: 503, retryAfter: '7' });
    expect(faults.next('poll', 0)).toEqual({ injection: { type: 'status', status: 503 }, retryAfter: '7' });
  });

  it('takes precedence over an outage', () => {
    const faults = new Faults({ ...noFaults, outages: [{ mode: '503', fromMs: 0, toMs: 9 }] });
    faults.script({ mode: 'html' });
    expect(types(faults, 2)).toEqual(['html', 'status']);
  });

  it('has no effect with zero times', () => {
    const faults = new Faults(noFaults);
    faults.script({ mode: 'html', times: 0 });
    expect(types(faults, 1)).toEqual([null]);
  });
});

describe('an outage', () => {
  const faults = new Faults({ ...noFaults, outages: [{ mode: 'submit/503', fromMs: 10, toMs: 20 }] });

  it.each([
    [9, false],
    [10, true],
    [19, true],
    [20, false],
  ])('at %d ms is on: %s', (elapsedMs, isOn) => {
    expect(faults.next('submit', elapsedMs) !== null).toBe(isOn);
    expect(faults.isOutage('submit', elapsedMs)).toBe(isOn);
  });

  it('does not affect the other endpoint', () => {
    expect(faults.next('poll', 15)).toBeNull();
    expect(faults.isOutage('poll', 15)).toBe(false);
  });
});

describe('random shares', () => {
  it.each([
    [0, 'reset'],
    [0.09, 'reset'],
    [0.1, 'html'],
    [0.29, 'html'],
    [0.31, null],
  ])('add up: a draw of %d injects %s', (draw, type) => {
    const faults = [
      { mode: 'reset', share: 0.1 },
      { mode: 'poll/empty', share: 0.5 },
      { mode: 'html', share: 0.2 },
    ];
    expect(types(new Faults({ ...noFaults, faults, random: () => draw }), 1)).toEqual([type]);
  });
});
